import * as z from "zod";
import { orOutage } from "../kernel/outage.ts";
import type { ApiKeyProjection, ApiKeyRecords } from "../ports/api_keys.ts";
import { type ApiKeyRecord, type KeyOwner, parseKeyOwner } from "../protocol/api_key.ts";
import type { ApiKeyId } from "../protocol/ids.ts";
import { apiKeyTerms } from "./api_key_terms_schema.ts";

const READ_DEADLINE_MS = 1_000;
const WRITE_DEADLINE_MS = 10_000;

const record = z.strictObject({
  id: z.string(),
  environment: z.enum(["live", "test"]),
  kind: z.enum(["secret", "publishable"]),
  scopes: z.array(z.string()),
  roles: z.array(z.string()),
  disabled: z.boolean(),
  expiresAtMs: z.number().nullable(),
  secretExpiresAtMs: z.number().nullable(),
  epoch: z.number(),
  // Absent in what earlier releases wrote.
  owner: z
    .custom<KeyOwner>((value) => typeof value === "string" && parseKeyOwner(value) !== null)
    .nullable()
    .exactOptional(),
  // Absent in the copies of keys without terms, and in all that earlier releases wrote.
  terms: apiKeyTerms.exactOptional(),
});

/** API key records in KV, under the SHA-256 of the key. A value that is no record is an outage, not an absent key. */
export class KvApiKeys implements ApiKeyRecords, ApiKeyProjection {
  readonly #kv: KVNamespace;

  constructor(kv: KVNamespace) {
    this.#kv = kv;
  }

  find(hash: string): Promise<ApiKeyRecord | null> {
    return orOutage("kv", READ_DEADLINE_MS, async () => {
      const value = await this.#kv.get(hash, "json");
      if (value === null) return null;
      const { id, ...rest } = record.parse(value);
      return { id: id as ApiKeyId, ...rest };
    });
  }

  put(hash: string, value: ApiKeyRecord): Promise<void> {
    return orOutage("kv", WRITE_DEADLINE_MS, () => this.#kv.put(hash, JSON.stringify(value)));
  }

  remove(hash: string): Promise<void> {
    return orOutage("kv", WRITE_DEADLINE_MS, () => this.#kv.delete(hash));
  }
}
