import * as z from "zod/mini";
import type {
  ClientRecord,
  ClientRegistry,
  ClientSecretRecord,
  ClientWithSecrets,
  ListPosition,
} from "../../ports/clients.ts";
import type { AdminAct } from "../../protocol/audit_event.ts";
import { CLIENT_AUTH_METHODS } from "../../protocol/client_credentials.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";
import { GRANT_TYPES } from "../../protocol/grant_types.ts";
import type { ClientId, ClientSecretId } from "../../protocol/ids.ts";
import { SIGNATURE_ALGORITHMS } from "../../protocol/jws.ts";
import { auditedClient } from "../audited_fields.ts";
import { assignmentColumn, holdingColumns } from "../holdings_schema.ts";
import { changeInserts } from "./audited_change.ts";
import { fromRow, onD1, outboxInserts, textList, transact } from "./database.ts";

const clientRow = z.object({
  id: z.string(),
  name: z.string(),
  auth_methods: z.pipe(textList, z.array(z.enum(CLIENT_AUTH_METHODS))),
  grant_types: z.pipe(textList, z.array(z.enum(GRANT_TYPES))),
  scopes: textList,
  default_scopes: z.nullable(textList),
  roles: textList,
  ...holdingColumns,
  application_type: z.enum(["web", "native"]),
  redirect_uris: textList,
  post_logout_redirect_uris: textList,
  backchannel_logout_uri: z.nullable(z.string()),
  subject_type: z.enum(["public", "pairwise"]),
  sector: z.nullable(z.string()),
  id_token_algorithm: z.enum(SIGNATURE_ALGORITHMS),
  first_party: z.number(),
  require_pkce: z.number(),
  client_uri: z.nullable(z.string()),
  disabled: z.number(),
  epoch: z.number(),
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
});

const secretRow = z.object({
  id: z.string(),
  hash: z.string(),
  last_four: z.string(),
  created_at: z.number(),
  expires_at: z.nullable(z.number()),
});

/** The client registry in D1. */
export class D1Clients implements ClientRegistry {
  readonly #db: D1Database;
  readonly #act: AdminAct | null;

  /** With `act`, whatever is changed is recorded as that act, in the same transaction. */
  constructor(db: D1Database, act: AdminAct | null = null) {
    this.#db = db;
    this.#act = act;
  }

  async find(id: ClientId): Promise<ClientWithSecrets | null> {
    const [clients, secrets] = await onD1(() =>
      this.#db.batch([
        this.#db.prepare("SELECT * FROM clients WHERE id = ?").bind(id),
        this.#db.prepare("SELECT * FROM client_secrets WHERE client_id = ? ORDER BY created_at DESC, id").bind(id),
      ]),
    );
    const row = clients?.results[0];
    if (row === undefined) return null;
    return { client: readClient(row), secrets: (secrets?.results ?? []).map(readSecret) };
  }

  async list(limit: number, after: ListPosition | null): Promise<readonly ClientRecord[]> {
    const { results } = await onD1(() =>
      this.#db
        .prepare("SELECT * FROM clients WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?")
        .bind(after?.createdAtMs ?? -1, after?.id ?? "", limit)
        .all(),
    );
    return results.map(readClient);
  }

  async insert(created: ClientWithSecrets): Promise<void> {
    const { client } = created;
    const insert = this.#db
      .prepare(
        `INSERT INTO clients (id, ${COLUMNS.join(", ")}, created_at, updated_at)
         VALUES (?, ${COLUMNS.map(() => "?").join(", ")}, ?, ?)`,
      )
      .bind(client.id, ...columns(client), client.createdAtMs, client.updatedAtMs);
    const record = this.#record(client.id, null, created);
    await onD1(() => this.#db.batch([insert, ...this.#secretInserts(created), ...record]));
  }

  async update(before: ClientWithSecrets, after: ClientWithSecrets, entries: readonly FeedEntry[]) {
    const { client } = after;
    const changed = await transact(this.#db, [
      this.#updateOf({ ...client, version: before.client.version + 1 }),
      this.#db.prepare("DELETE FROM client_secrets WHERE client_id = ?").bind(client.id),
      ...this.#secretInserts(after),
      ...outboxInserts(this.#db, entries),
      ...this.#record(client.id, before, after),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "changed";
  }

  /** The update checks the version; a change in between would leave tokens alive that the entries do not name. */
  async delete(client: ClientRecord, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, [
      this.#updateOf({ ...client, version: client.version + 1 }),
      ...this.#record(client.id, { client }, null),
      this.#db.prepare("DELETE FROM clients WHERE id = ?").bind(client.id),
      ...outboxInserts(this.#db, entries),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "deleted";
  }

  /** Runs while the client is there: where it was deleted meanwhile, nothing was changed. */
  #record(
    id: ClientId,
    before: { readonly client: ClientRecord; readonly secrets?: readonly ClientSecretRecord[] } | null,
    after: ClientWithSecrets | null,
  ): D1PreparedStatement[] {
    const fields = {
      before: before === null ? null : auditedClient(before.client, before.secrets),
      after: after === null ? null : auditedClient(after.client, after.secrets),
    };
    const isThere = { sql: "EXISTS (SELECT 1 FROM clients WHERE id = ?)", values: [id] };
    return changeInserts(this.#db, this.#act, { target: id, ...fields }, isThere);
  }

  #updateOf(client: ClientRecord): D1PreparedStatement {
    return this.#db
      .prepare(`UPDATE clients SET ${COLUMNS.map((column) => `${column} = ?`).join(", ")}, updated_at = ? WHERE id = ?`)
      .bind(...columns(client), client.updatedAtMs, client.id);
  }

  /** Inserts nothing where the client was deleted meanwhile: that is a conflict, not a broken foreign key. */
  #secretInserts({ client, secrets }: ClientWithSecrets): D1PreparedStatement[] {
    const insert = this.#db.prepare(
      `INSERT INTO client_secrets (id, client_id, hash, last_four, created_at, expires_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM clients WHERE id = ?2)`,
    );
    return secrets.map((secret) =>
      insert.bind(secret.id, client.id, secret.hash, secret.lastFour, secret.createdAtMs, secret.expiresAtMs),
    );
  }
}

/** What an insert and an update write, in the order of `columns`. */
const COLUMNS = [
  "name",
  "auth_methods",
  "grant_types",
  "scopes",
  "default_scopes",
  "roles",
  "assignments",
  "attributes",
  "application_type",
  "redirect_uris",
  "post_logout_redirect_uris",
  "backchannel_logout_uri",
  "subject_type",
  "sector",
  "id_token_algorithm",
  "first_party",
  "require_pkce",
  "client_uri",
  "disabled",
  "epoch",
  "version",
] as const;

function columns(client: ClientRecord): unknown[] {
  const { person } = client;
  return [
    client.name,
    JSON.stringify(client.authMethods),
    JSON.stringify(client.grantTypes),
    JSON.stringify(client.scopes),
    client.defaultScopes === null ? null : JSON.stringify(client.defaultScopes),
    JSON.stringify(client.roles),
    assignmentColumn(client.assignments),
    JSON.stringify(client.attributes),
    person.applicationType,
    JSON.stringify(person.redirectUris),
    JSON.stringify(person.postLogoutRedirectUris),
    person.backchannelLogoutUri,
    person.subjectType,
    person.sector,
    person.idTokenAlgorithm,
    person.firstParty ? 1 : 0,
    person.requirePkce ? 1 : 0,
    person.clientUri,
    client.disabled ? 1 : 0,
    client.epoch,
    client.version,
  ];
}

function readClient(row: unknown): ClientRecord {
  const client = fromRow(() => clientRow.parse(row));
  return {
    id: client.id as ClientId,
    name: client.name,
    authMethods: client.auth_methods,
    grantTypes: client.grant_types,
    scopes: client.scopes,
    defaultScopes: client.default_scopes,
    roles: client.roles,
    assignments: client.assignments,
    attributes: client.attributes,
    person: {
      applicationType: client.application_type,
      redirectUris: client.redirect_uris,
      postLogoutRedirectUris: client.post_logout_redirect_uris,
      backchannelLogoutUri: client.backchannel_logout_uri,
      subjectType: client.subject_type,
      sector: client.sector,
      idTokenAlgorithm: client.id_token_algorithm,
      firstParty: client.first_party !== 0,
      requirePkce: client.require_pkce !== 0,
      clientUri: client.client_uri,
    },
    disabled: client.disabled !== 0,
    epoch: client.epoch,
    version: client.version,
    createdAtMs: client.created_at,
    updatedAtMs: client.updated_at,
  };
}

function readSecret(row: unknown): ClientSecretRecord {
  const secret = fromRow(() => secretRow.parse(row));
  return {
    id: secret.id as ClientSecretId,
    hash: secret.hash,
    lastFour: secret.last_four,
    createdAtMs: secret.created_at,
    expiresAtMs: secret.expires_at,
  };
}
