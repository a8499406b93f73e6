import { err, ok } from "../kernel/result.ts";
import { changeClient, deleteClient } from "../managing/change_client.ts";
import { createClient } from "../managing/create_client.ts";
import { NOT_FOUND } from "../managing/management.ts";
import { parseClientId } from "../protocol/ids.ts";
import { changed, pathId, shown, shownPage } from "./answers.ts";
import {
  clientListShape,
  clientPatchBody,
  clientShape,
  newClientBody,
  newClientShape,
  showClient,
} from "./client_shapes.ts";
import { pageQuery } from "./field_shapes.ts";
import { NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";

const listClients = operation({
  id: "list_clients",
  method: "GET",
  path: "/clients",
  summary: "List clients, the oldest first",
  status: 200,
  answer: clientListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  handle: ({ query }, { clients }) =>
    shownPage(query, parseClientId, (limit, after) => clients.list(limit, after), showClient),
});

const create = operation({
  id: "create_client",
  method: "POST",
  path: "/clients",
  summary: "Register a client; its secret is in this answer alone",
  status: 201,
  answer: newClientShape,
  faults: [],
  body: { schema: newClientBody, presence: "required" },
  query: NO_QUERY,
  async handle({ body, nowMs }, management) {
    const created = await createClient(body, management, nowMs);
    if (!created.ok) return created;
    const { client, secret } = created.value;
    const once = secret === null ? {} : { client_secret: secret.text, client_secret_id: secret.record.id };
    return ok({ body: { ...showClient(client), ...once }, objectId: client.id, progress: "announced" });
  },
});

const read = operation({
  id: "read_client",
  method: "GET",
  path: "/clients/{client_id}",
  summary: "Read a client",
  status: 200,
  answer: clientShape,
  faults: ["not_found"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params }, { clients }) {
    const id = pathId(params.client_id, parseClientId);
    const found = id.ok ? await clients.find(id.value) : null;
    return found === null ? err(NOT_FOUND) : shown(showClient(found.client));
  },
});

const change = operation({
  id: "change_client",
  method: "PATCH",
  path: "/clients/{client_id}",
  summary: "Change a client; disabling it or taking scopes or roles away ends its tokens",
  status: 200,
  answer: clientShape,
  faults: ["not_found", "conflict"],
  body: { schema: clientPatchBody, presence: "required" },
  query: NO_QUERY,
  async handle({ params, body, nowMs }, management) {
    const id = pathId(params.client_id, parseClientId);
    if (!id.ok) return id;
    return changed(await changeClient(id.value, body, management, nowMs), () => id.value, showClient);
  },
});

const remove = operation({
  id: "delete_client",
  method: "DELETE",
  path: "/clients/{client_id}",
  summary: "Delete a client, its secrets and its tokens",
  status: 204,
  answer: null,
  faults: ["not_found", "conflict"],
  body: NO_BODY,
  query: NO_QUERY,
  async handle({ params, nowMs }, management) {
    const id = pathId(params.client_id, parseClientId);
    if (!id.ok) return id;
    return changed(
      await deleteClient(id.value, management, nowMs),
      () => id.value,
      () => null,
    );
  },
});

export const clientOperations: readonly Operation[] = [listClients, create, read, change, remove];
