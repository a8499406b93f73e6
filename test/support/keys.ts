import { env } from "cloudflare:workers";
import { KvApiKeys } from "../../src/adapters/kv_api_keys.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { type ApiKeyKind, type ApiKeyRecord, hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";
import { secret } from "./logs.ts";

/** A key string with its record and the digest that the record lies under. */
export interface IssuedKey {
  readonly key: string;
  readonly hash: string;
  readonly record: ApiKeyRecord;
}

/** A key that is nobody's and bound to nothing, as operators see it. */
export const UNBOUND = {
  owner: null,
  metadata: {},
  allowedAddresses: null,
  allowedOrigins: null,
  limits: [],
  credits: null,
} as const;

/** When keys were used is nobody's to know: most files of tests have no table for it. */
export const NO_USES = { note: async () => undefined };

/** A new key that nobody knows yet, with the scope `orders:read`. */
export async function newKeyWith(changes: Partial<ApiKeyRecord> = {}): Promise<IssuedKey> {
  const kind: ApiKeyKind = changes.kind ?? "secret";
  const environment = changes.environment ?? "live";
  const key = newApiKey(kind, environment, platformRandom);
  const record: ApiKeyRecord = {
    id: newApiKeyId(platformRandom),
    environment,
    kind,
    scopes: ["orders:read"],
    roles: [],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
    ...changes,
  };
  return { key: secret(key), hash: await hashApiKey(key), record };
}

/** The copies that the gate reads. */
export function keyCopies(): KvApiKeys {
  return new KvApiKeys(need(readBindings(env), "API_KEYS"));
}

/** A new key whose record the gate finds in KV. */
export async function storedKey(changes: Partial<ApiKeyRecord> = {}): Promise<IssuedKey> {
  const issued = await newKeyWith(changes);
  await keyCopies().put(issued.hash, issued.record);
  return issued;
}
