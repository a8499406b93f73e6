import { platformRandom } from "../../src/kernel/random.ts";
import { type ApiKeyRecord, hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { newApiKeyId } from "../../src/protocol/ids.ts";

/** The path at which `keys.worker.ts` takes digests with their records. */
export const PLANT_KEYS = "/bench/keys";
const AT_ONCE = 1_000;

/** The record of a new key, as KV holds it. */
export function keyRecord(also: Pick<ApiKeyRecord, "roles" | "attributes">): ApiKeyRecord {
  return {
    id: newApiKeyId(platformRandom),
    environment: "test",
    kind: "secret",
    scopes: ["orders:read"],
    disabled: false,
    expiresAtMs: null,
    secretExpiresAtMs: null,
    epoch: 1,
    ...also,
  };
}

/** Plants `count` API keys in the installation at `url`, and gives them. */
export async function plantKeys(url: string, count: number): Promise<readonly string[]> {
  const keys: string[] = [];
  while (keys.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - keys.length) }, () =>
      newApiKey("secret", "test", platformRandom),
    );
    const records = await Promise.all(some.map(async (key) => [await hashApiKey(key), keyRecord({ roles: [] })]));
    const planted = await fetch(`${url}${PLANT_KEYS}`, { method: "POST", body: JSON.stringify(records) });
    if (!planted.ok) throw new Error(`keys could not be planted: ${planted.status}`);
    keys.push(...some);
  }
  return keys;
}
