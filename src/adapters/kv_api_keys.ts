import * as z from "zod/mini";
import { orOutage } from "../kernel/outage.ts";
import type { ApiKeyProjection, ApiKeyRecords } from "../ports/api_keys.ts";
import { type ApiKeyRecord, type KeyOwner, parseKeyOwner } from "../protocol/api_key.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import { apiKeyTerms } from "./api_key_terms_schema.ts";
import { boundedText } from "./bounded_text.ts";
import { assignmentList, attributeRecord, nameList } from "./holdings_schema.ts";

const READ_DEADLINE_MS = 1_000;
const WRITE_DEADLINE_MS = 10_000;
/** Of a record with as many terms as a key may have, many times over. */
const MAX_BYTES = 256 * 1024;

const record = z.strictObject({
  id: z.string(),
  environment: z.enum(["live", "test"]),
  kind: z.enum(["secret", "publishable"]),
  scopes: nameList,
  roles: nameList,
  // Absent where the key has none, and in what earlier releases wrote.
  assignments: z.exactOptional(assignmentList),
  attributes: z.exactOptional(attributeRecord),
  disabled: z.boolean(),
  expiresAtMs: z.nullable(z.number()),
  secretExpiresAtMs: z.nullable(z.number()),
  epoch: z.number(),
  // Absent in what earlier releases wrote.
  owner: z.exactOptional(
    z.nullable(z.custom<KeyOwner>((value) => typeof value === "string" && parseKeyOwner(value) !== null)),
  ),
  // Absent in the copies of keys without terms, and in all that earlier releases wrote.
  terms: z.exactOptional(apiKeyTerms),
});

/** The record of an API key as another Worker or a store tells it. Throws for anything else, also for one that lacks or adds a member. */
export function parseApiKeyRecord(value: unknown): ApiKeyRecord {
  const { id, ...rest } = record.parse(value);
  return { id: id as ApiKeyId, ...rest };
}

/** API key records in KV, under the SHA-256 of the key. A value that is no record, or too large for one, is an outage, not an absent key. */
export class KvApiKeys implements ApiKeyRecords, ApiKeyProjection {
  readonly #kv: KVNamespace;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  find(hash: string): Promise<ApiKeyRecord | null> {
    return orOutage("kv", READ_DEADLINE_MS, async () => {
      const stream = await this.#kv.get(hash, "stream");
      if (stream === null) return null;
      const value: unknown = JSON.parse(await boundedText(stream, MAX_BYTES, "kv"));
      return value === null ? null : parseApiKeyRecord(value);
    });
  }

  put(hash: string, value: ApiKeyRecord): Promise<void> {
    return orOutage("kv", WRITE_DEADLINE_MS, () => this.#kv.put(hash, JSON.stringify(value)));
  }

  remove(hash: string): Promise<void> {
    return orOutage("kv", WRITE_DEADLINE_MS, () => this.#kv.delete(hash));
  }
}
