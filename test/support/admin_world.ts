import { applyD1Migrations, createExecutionContext, type D1Migration, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { remoteEdgeFeed } from "../../src/adapters/remote/remote.ts";
import { type AdminParts, adminApp } from "../../src/admin/app.ts";
import { type Environment, need, readBindings } from "../../src/bindings.ts";
import { composeAdmin, composeIssuer, composeReader } from "../../src/compose/control.ts";
import { installedConfig } from "../../src/compose/stores.ts";
import { composeRevocations } from "../../src/compose.ts";
import { platformRandom, randomTokenId } from "../../src/kernel/random.ts";
import { accessTokenClaims } from "../../src/protocol/access_token.ts";
import { type ClientId, newClientId } from "../../src/protocol/ids.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      D1_MIGRATIONS: D1Migration[];
    }
  }
}

const bindings = readBindings(env);
const stub = {
  feed: () => need(bindings, "EDGE_FEED").getByName("one"),
  courier: () => need(bindings, "OUTBOX").getByName("one"),
};

/** The stores behind the admin API, for looking behind its back. */
export const stores = {
  db: need(bindings, "DB"),
  copies: need(bindings, "API_KEYS"),
  feed: remoteEdgeFeed(stub.feed),
  courierStub: stub.courier,
};

/** The parts of an admin app on this test's real D1, KV and objects, but for `other`. Each call is an isolate of its own. */
export function adminParts(other: Environment = {}): AdminParts {
  const config = installedConfig(env);
  return composeAdmin({ ...env, ...other }, config, composeRevocations(composeReader(env)));
}

/** What a test changes of an operator's token. */
export interface TokenWishes {
  readonly subject?: string;
  readonly clientId?: ClientId;
  readonly clientEpoch?: number;
  readonly audience?: readonly [string, ...string[]];
  readonly scopes?: readonly string[];
  readonly issuedSecondsAgo?: number;
  readonly type?: string;
  readonly tokenId?: string;
  /** What the token is bound to. */
  readonly confirmation?: Readonly<Record<string, unknown>>;
}

/** A token that the real ring signed: an operator's, but for what the test wishes. */
export function mintToken(wishes: TokenWishes = {}): Promise<string> {
  const nowMs = Date.now();
  const { issuer } = composeIssuer(env, installedConfig(env), composeRevocations(composeReader(env)));
  const clientId = wishes.clientId ?? newClientId(platformRandom);
  const claims = accessTokenClaims({
    issuer: issuer.url,
    subject: wishes.subject ?? clientId,
    audience: wishes.audience ?? [issuer.url],
    clientId,
    clientEpoch: wishes.clientEpoch ?? 1,
    scopes: wishes.scopes ?? ["admin"],
    roles: [],
    tokenId: wishes.tokenId ?? randomTokenId(platformRandom),
    nowSeconds: Math.floor(nowMs / 1000) - (wishes.issuedSecondsAgo ?? 0),
    ttlSeconds: 900,
  });
  const type = wishes.type ?? "at+jwt";
  const bound = wishes.confirmation === undefined ? claims : { ...claims, cnf: wishes.confirmation };
  return issuer.signer.sign({ alg: "ES256", type, claims: bound, nowMs, leastRingVersion: 0 }, () => undefined);
}

/** Members of answers that tests read, whichever answer has them. Asserting them is the test's part. */
export interface ToldBody {
  readonly [member: string]: unknown;
  readonly id: string;
  readonly code: string;
  readonly key: string;
  readonly client_secret: string;
  readonly client_secret_id: string;
  readonly created_at: string;
  readonly previous_expires_at: string;
  readonly next_cursor: string | null;
  readonly errors: readonly { readonly field: string; readonly reason: string }[];
  readonly data: readonly { readonly [member: string]: unknown; readonly id: string }[];
  readonly secrets: readonly { readonly last_four: string; readonly expires_at: string | null }[];
}

/** An answer, read whole; `json` is empty where it is none. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: ToldBody;
}

/** A client of the admin API under test. */
export interface AdminCaller {
  readonly parts: AdminParts;
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Told>;
}

/** An admin app over `parts`, and an operator who calls it. */
export async function adminCaller(overrides: Partial<AdminParts> = {}): Promise<AdminCaller> {
  const parts = { ...adminParts(), ...overrides };
  const app = adminApp(parts);
  const token = await mintToken();
  return {
    parts,
    async call(method, path, body, headers = {}) {
      const ctx = createExecutionContext();
      const sent = new Headers({ authorization: `Bearer ${token}`, ...headers });
      for (const [name, value] of Object.entries(headers)) if (value === "") sent.delete(name);
      if (body !== undefined && !sent.has("content-type")) sent.set("content-type", "application/json");
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const request = new Request(`${parts.issuerUrl}/admin/v1${path}`, { method, headers: sent, body: text ?? null });
      const response = await app.fetch(request, {}, ctx);
      await waitOnExecutionContext(ctx);
      const read = await response.text();
      const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
      return {
        status: response.status,
        headers: response.headers,
        text: read,
        json: JSON.parse(isJson && read !== "" ? read : "{}"),
      };
    },
  };
}

/** Applies the migrations: once per test file, whose storage is its own. */
export function migrate(): Promise<void> {
  return applyD1Migrations(stores.db, env.D1_MIGRATIONS);
}

/** Everything that D1 and KV hold, as one text: what must not be found in it was not stored. */
export async function dumpStores(): Promise<string> {
  const tables = ["clients", "client_secrets", "api_keys", "api_key_secrets", "outbox"];
  const rows = await stores.db.batch(tables.map((table) => stores.db.prepare(`SELECT * FROM ${table}`)));
  const { keys } = await stores.copies.list();
  const copies = await Promise.all(keys.map(async ({ name }) => [name, await stores.copies.get(name)]));
  return JSON.stringify([rows.map(({ results }) => results), copies]);
}
