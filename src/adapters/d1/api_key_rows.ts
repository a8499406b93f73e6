import * as z from "zod/mini";
import type { ApiKey, ApiKeyLeak, ApiKeySecretRecord } from "../../ports/api_keys.ts";
import { type ApiKeyTerms, termsOf } from "../../protocol/api_key_terms.ts";
import type { ApiKeyId } from "../../protocol/ids.ts";
import { apiKeyTerms } from "../api_key_terms_schema.ts";
import { assignmentColumn, holdingColumns } from "../holdings_schema.ts";
import { fromRow, textList } from "./database.ts";

/*
 * Rows of the tables about API keys, read and written.
 */

/** A JSON text in a column, read as `schema`. */
function jsonColumn<T>(schema: z.ZodMiniType<T>) {
  return z.pipe(
    z.string(),
    z.transform((text) => schema.parse(JSON.parse(text))),
  );
}

const keyRow = z.object({
  id: z.string(),
  name: z.string(),
  environment: z.enum(["live", "test"]),
  kind: z.enum(["secret", "publishable"]),
  scopes: textList,
  roles: textList,
  ...holdingColumns,
  owner: z.nullable(z.string()),
  metadata: jsonColumn(z.record(z.string(), z.string())),
  terms: jsonColumn(apiKeyTerms),
  disabled: z.number(),
  expires_at: z.nullable(z.number()),
  epoch: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
  used_at: z.optional(z.nullable(z.number())),
});

const secretRow = z.object({
  hash: z.string(),
  key_id: z.string(),
  last_four: z.string(),
  created_at: z.number(),
  expires_at: z.nullable(z.number()),
});

const leakRow = z.object({
  key_id: z.string(),
  last_four: z.string(),
  found_at: z.number(),
  source: z.string(),
  url: z.nullable(z.string()),
});

/** What belongs to keys beside their own rows, by the key's id. */
export interface KeyRowParts {
  readonly secrets: ReadonlyMap<string, readonly ApiKeySecretRecord[]>;
  /** The newest of each key. */
  readonly leaks: ReadonlyMap<string, ApiKeyLeak>;
}

export const NO_PARTS: KeyRowParts = { secrets: new Map(), leaks: new Map() };

/** Reads what belongs to keys. `leaks` come the oldest first. */
export function readParts(secrets: readonly unknown[], leaks: readonly unknown[]): KeyRowParts {
  const bySecret = Map.groupBy(
    secrets.map((row) => fromRow(() => secretRow.parse(row))),
    (row) => row.key_id,
  );
  return {
    secrets: new Map([...bySecret].map(([id, rows]) => [id, rows.map(readSecret)])),
    leaks: new Map(leaks.map((row) => fromRow(() => leakRow.parse(row))).map((leak) => [leak.key_id, readLeak(leak)])),
  };
}

/** A key from its row, and from what belongs to it. */
export function readKey(row: unknown, parts: KeyRowParts): ApiKey {
  const key = fromRow(() => keyRow.parse(row));
  const { addresses, origins, limits, credits } = key.terms;
  return {
    id: key.id as ApiKeyId,
    name: key.name,
    environment: key.environment,
    kind: key.kind,
    scopes: key.scopes,
    roles: key.roles,
    assignments: key.assignments,
    attributes: key.attributes,
    owner: key.owner,
    metadata: key.metadata,
    allowedAddresses: addresses ?? null,
    allowedOrigins: origins ?? null,
    limits: limits ?? [],
    credits: credits ?? null,
    disabled: key.disabled !== 0,
    expiresAtMs: key.expires_at,
    epoch: key.epoch,
    createdAtMs: key.created_at,
    updatedAtMs: key.updated_at,
    lastUsedAtMs: key.used_at ?? null,
    leak: parts.leaks.get(key.id) ?? null,
    secrets: parts.secrets.get(key.id) ?? [],
  };
}

/** The columns of a key that change, in the order of `MUTABLE_COLUMNS`. */
export function mutableColumns(key: ApiKey): unknown[] {
  const terms: ApiKeyTerms = termsOf(key) ?? {};
  return [
    key.name,
    JSON.stringify(key.scopes),
    JSON.stringify(key.roles),
    assignmentColumn(key.assignments),
    JSON.stringify(key.attributes),
    key.owner,
    JSON.stringify(key.metadata),
    JSON.stringify(terms),
    key.disabled ? 1 : 0,
    key.expiresAtMs,
    key.epoch,
    key.updatedAtMs,
  ];
}

export const MUTABLE_COLUMNS = [
  "name",
  "scopes",
  "roles",
  "assignments",
  "attributes",
  "owner",
  "metadata",
  "terms",
  "disabled",
  "expires_at",
  "epoch",
  "updated_at",
] as const;

function readSecret(secret: z.output<typeof secretRow>): ApiKeySecretRecord {
  return {
    hash: secret.hash,
    lastFour: secret.last_four,
    createdAtMs: secret.created_at,
    expiresAtMs: secret.expires_at,
  };
}

function readLeak({ last_four: lastFour, found_at: foundAtMs, source, url }: z.output<typeof leakRow>): ApiKeyLeak {
  return { lastFour, foundAtMs, source, url };
}
