import { err } from "../kernel/result.ts";
import { addClientSecret, removeClientSecret } from "../managing/client_secret.ts";
import { liveStrings } from "../managing/live_strings.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { parseClientId, parseClientSecretId } from "../protocol/ids.ts";
import { changed, pathId, shown } from "./answers.ts";
import { clientSecretListShape, newClientSecretShape, showClientSecret } from "./client_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const list = operation({
  id: "list_client_secrets",
  method: "GET",
  path: "/clients/{client_id}/secrets",
  summary: "List a client's live secrets by their last four characters",
  status: 200,
  answer: clientSecretListShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, { clients }) {
    const id = pathId(params.client_id, parseClientId);
    const found = id.ok ? await clients.find(id.value) : null;
    if (found === null) return err(NOT_FOUND);
    return shown({ data: liveStrings(found.secrets, nowMs).map(showClientSecret) });
  },
});

const add = operation({
  id: "add_client_secret",
  method: "POST",
  path: "/clients/{client_id}/secrets",
  summary: "Give a client one more secret; two may be live at once",
  status: 201,
  answer: newClientSecretShape,
  faults: ["not_found", "conflict", "too_many_secrets", "public_client"],
  body: { ...NO_BODY, presence: "optional" },
  query: NO_QUERY,
  async handle({ params, nowMs }, management) {
    const id = pathId(params.client_id, parseClientId);
    if (!id.ok) return id;
    return changed(
      await addClientSecret(id.value, management, nowMs),
      ({ record }) => `${id.value}/${record.id}`,
      ({ text, record }) => ({ id: record.id, client_secret: text }),
    );
  },
});

const remove = operation({
  id: "remove_client_secret",
  method: "DELETE",
  path: "/clients/{client_id}/secrets/{secret_id}",
  summary: "End a secret, the last one too; tokens already fetched live on",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, management) {
    const id = pathId(params.client_id, parseClientId);
    if (!id.ok) return id;
    const secretId = pathId(params.secret_id, parseClientSecretId);
    if (!secretId.ok) return secretId;
    const removed = await removeClientSecret(id.value, secretId.value, management, nowMs);
    return changed(
      removed,
      () => `${id.value}/${secretId.value}`,
      () => null,
    );
  },
});

export const clientSecretOperations: readonly Operation[] = [list, add, remove];
