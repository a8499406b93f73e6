import { err } from "../kernel/result.ts";
import { changeApiKey, deleteApiKey } from "../managing/change_api_key.ts";
import { createApiKey } from "../managing/create_api_key.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { rotateApiKey } from "../managing/rotate_api_key.ts";
import { parseApiKeyId } from "../protocol/ids.ts";
import { changed, pathId, shown, shownPage } from "./answers.ts";
import {
  apiKeyListShape,
  apiKeyPatchBody,
  apiKeyShape,
  keyFilter,
  keyListQuery,
  newApiKeyBody,
  newApiKeyShape,
  rotateApiKeyBody,
  rotatedApiKeyShape,
  showApiKey,
} from "./api_key_shapes.ts";
import { isoTime } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const list = operation({
  id: "list_keys",
  method: "GET",
  path: "/keys",
  summary: "List API keys, the oldest first",
  status: 200,
  answer: apiKeyListShape,
  faults: [],
  body: NO_BODY,
  query: keyListQuery,
  handle: ({ query, nowMs }, { keys }) =>
    shownPage(
      query,
      parseApiKeyId,
      (limit, after) => keys.list(limit, after, keyFilter(query)),
      (key) => showApiKey(key, nowMs),
    ),
});

const create = operation({
  id: "create_key",
  method: "POST",
  path: "/keys",
  summary: "Make an API key; its string is in this answer alone",
  status: 201,
  answer: newApiKeyShape,
  faults: [],
  body: { schema: newApiKeyBody, presence: "required" },
  query: NO_QUERY,
  handle: async ({ body, nowMs }, management) =>
    changed(
      await createApiKey(body, management, nowMs),
      ({ key }) => key.id,
      ({ key, text }) => ({ ...showApiKey(key, nowMs), key: text }),
    ),
});

const read = operation({
  id: "read_key",
  method: "GET",
  path: "/keys/{key_id}",
  summary: "Read an API key",
  status: 200,
  answer: apiKeyShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, { keys }) {
    const id = pathId(params.key_id, parseApiKeyId);
    const found = id.ok ? await keys.get(id.value) : null;
    return found === null ? err(NOT_FOUND) : shown(showApiKey(found, nowMs));
  },
});

const change = operation({
  id: "change_key",
  method: "PATCH",
  path: "/keys/{key_id}",
  summary: "Change, disable or enable an API key",
  status: 200,
  answer: apiKeyShape,
  faults: ["not_found", "conflict"],
  body: { schema: apiKeyPatchBody, presence: "required" },
  query: NO_QUERY,
  async handle({ params, body, nowMs }, management) {
    const id = pathId(params.key_id, parseApiKeyId);
    if (!id.ok) return id;
    const result = await changeApiKey(id.value, body, management, nowMs);
    return changed(
      result,
      () => id.value,
      (key) => showApiKey(key, nowMs),
    );
  },
});

const remove = operation({
  id: "delete_key",
  method: "DELETE",
  path: "/keys/{key_id}",
  summary: "Delete an API key",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, management) {
    const id = pathId(params.key_id, parseApiKeyId);
    if (!id.ok) return id;
    return changed(
      await deleteApiKey(id.value, management, nowMs),
      () => id.value,
      () => null,
    );
  },
});

const rotate = operation({
  id: "rotate_key",
  method: "POST",
  path: "/keys/{key_id}/rotate",
  summary: "Give an API key a new string; the previous one lives on for the overlap",
  status: 201,
  answer: rotatedApiKeyShape,
  faults: ["not_found", "conflict", "rotation_in_progress"],
  body: { schema: rotateApiKeyBody, presence: "optional" },
  query: NO_QUERY,
  async handle({ params, body: overlapMs, nowMs }, management) {
    const id = pathId(params.key_id, parseApiKeyId);
    if (!id.ok) return id;
    return changed(
      await rotateApiKey(id.value, overlapMs, management, nowMs),
      () => id.value,
      ({ text, previousExpiresAtMs }) => ({
        id: id.value,
        key: text,
        previous_expires_at: isoTime(previousExpiresAtMs),
      }),
    );
  },
});

export const apiKeyOperations: readonly Operation[] = [list, create, read, change, remove, rotate];
