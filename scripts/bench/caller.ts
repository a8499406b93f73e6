import type { Miniflare } from "miniflare";
import { sha256Base64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { hashApiKey, newApiKey } from "../../src/protocol/api_key.ts";
import { newClientSecret } from "../../src/protocol/client_secret.ts";
import { newClientId } from "../../src/protocol/ids.ts";
import { DEPARTMENT, ROLE } from "./bench_policy.ts";
import { keyRecord } from "./plant_keys.ts";

/** Credentials that an installation takes: of the same rights, and of whom rules know the same. */
export interface BenchCaller {
  readonly client: { readonly id: string; readonly secret: string };
  readonly apiKey: string;
}

const SCOPES = ["orders:read"];
const ATTRIBUTES = { department: DEPARTMENT };

/** Plants a client and a key in a state that was migrated. */
export async function plantCaller(miniflare: Miniflare, worker: string): Promise<BenchCaller> {
  const db = await miniflare.getD1Database("DB", worker);
  const id = newClientId(platformRandom);
  const secret = newClientSecret(platformRandom);
  const lists = [["client_secret_basic"], SCOPES, [ROLE], ATTRIBUTES].map((value) => JSON.stringify(value));
  await db.batch([
    db
      .prepare(
        `INSERT INTO clients (id, name, auth_methods, grant_types, scopes, roles, attributes, created_at, updated_at)
         VALUES (?, 'bench', ?, '["client_credentials"]', ?, ?, ?, 0, 0)`,
      )
      .bind(id, ...lists),
    db
      .prepare(
        "INSERT INTO client_secrets (id, client_id, hash, last_four, created_at) VALUES ('sec_bench', ?, ?, '', 0)",
      )
      .bind(id, await sha256Base64url(secret)),
  ]);
  const apiKey = newApiKey("secret", "test", platformRandom);
  const record = keyRecord({ roles: [ROLE], attributes: ATTRIBUTES });
  const kv = await miniflare.getKVNamespace("API_KEYS", worker);
  await kv.put(await hashApiKey(apiKey), JSON.stringify(record));
  return { client: { id, secret }, apiKey };
}
