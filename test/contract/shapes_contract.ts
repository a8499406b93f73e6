import { env } from "cloudflare:workers";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { bearer, type ForgeKey, newKey, token } from "../support/forge.ts";
import type { InstallationWishes } from "../support/install.ts";
import { newKeyWith, storedKey } from "../support/keys.ts";
import type { CallerCall } from "../support/shapes.ts";

/** One call and what every shape has to make of it. */
export interface ContractRow {
  readonly name: string;
  readonly status: number;
  /** Of the problem; null where the call passes. */
  readonly code: string | null;
  readonly call: (ring: ForgeKey) => Promise<CallerCall>;
  /** How often it is made; the last answer counts. */
  readonly times?: number;
  readonly wishes?: () => InstallationWishes;
}

const bindings = readBindings(env);
const BOTH = { scope: "orders:read orders:write" };
const EMPTY = { "content-length": "0" };

const open = (path: string, headers: Record<string, string> = {}, method = "GET") => {
  return async (): Promise<CallerCall> => ({ path, method, headers });
};
const reader = (path: string, method = "GET", headers: Record<string, string> = {}, claims = {}) => {
  return async (ring: ForgeKey): Promise<CallerCall> => {
    return { path, method, headers: { ...bearer(await token(ring, claims)), ...headers } };
  };
};
const broken = (name: "EDGE_FEED" | "LIMITER" | "API_KEYS") => (): InstallationWishes => {
  const one = breakable(need(bindings, name));
  one.health = "failing";
  return { env: { [name]: one.binding } };
};

/** Each kind of route and each kind of refusal. */
export const CONTRACT: readonly ContractRow[] = [
  { name: "a token with the scope", status: 200, code: null, call: reader("/orders?page=2") },
  { name: "a route for anyone proven", status: 200, code: null, call: reader("/whoami") },
  { name: "a write with both scopes", status: 200, code: null, call: reader("/orders", "POST", EMPTY, BOTH) },
  { name: "a role", status: 200, code: null, call: reader("/managers", "GET", {}, { roles: ["owner"] }) },
  { name: "HEAD as GET", status: 200, code: null, call: reader("/orders", "HEAD") },
  { name: "a public route", status: 200, code: null, call: open("/public/health") },
  { name: "a deprecated route", status: 200, code: null, call: reader("/v1/orders") },
  { name: "a counted route", status: 200, code: null, call: reader("/limited/both"), times: 2 },
  {
    name: "an API key",
    status: 200,
    code: null,
    call: async () => ({ path: "/orders", headers: { "x-api-key": (await storedKey()).key } }),
  },
  {
    name: "an API key from an address that it takes",
    status: 200,
    code: null,
    call: async () => {
      const { key } = await storedKey({ terms: { addresses: ["203.0.113.0/24"] } });
      return { path: "/orders", headers: { "x-api-key": key } };
    },
  },
  {
    name: "an API key from another address",
    status: 401,
    code: "invalid_token",
    call: async () => {
      const { key } = await storedKey({ terms: { addresses: ["198.51.100.0/24"] } });
      return { path: "/orders", headers: { "x-api-key": key } };
    },
  },
  { name: "no credential", status: 401, code: "unauthenticated", call: open("/orders") },
  {
    name: "an expired token",
    status: 401,
    code: "token_expired",
    call: reader("/orders", "GET", {}, { iat: 1_000, exp: 2_000 }),
  },
  {
    name: "a forged token",
    status: 401,
    code: "invalid_token",
    call: async () => ({ path: "/orders", headers: bearer(await token(await newKey())) }),
  },
  {
    name: "an unknown API key",
    status: 401,
    code: "invalid_token",
    call: async () => ({ path: "/orders", headers: { "x-api-key": (await newKeyWith()).key } }),
  },
  { name: "a scope too few", status: 403, code: "insufficient_scope", call: reader("/orders", "POST", EMPTY) },
  { name: "a role too few", status: 403, code: "forbidden", call: reader("/managers") },
  { name: "a limit used up", status: 429, code: "quota_exceeded", call: reader("/limited/ping"), times: 6 },
  { name: "no such route", status: 404, code: "not_found", call: reader("/nothing") },
  { name: "no such method", status: 405, code: "method_not_allowed", call: reader("/orders", "DELETE") },
  { name: "a route that has ended", status: 410, code: "gone", call: reader("/v0/orders") },
  {
    name: "two credentials",
    status: 400,
    code: "ambiguous_credentials",
    call: async (ring) => {
      const headers = { ...bearer(await token(ring)), "x-api-key": (await storedKey()).key };
      return { path: "/orders", headers };
    },
  },
  { name: "an encoded slash", status: 400, code: "path_ambiguous", call: reader("/public%2fhealth") },
  { name: "two slashes", status: 400, code: "path_ambiguous", call: reader("/public//health") },
  { name: "a path parameter", status: 400, code: "path_ambiguous", call: reader("/public;x/health") },
  { name: "a second encoding", status: 400, code: "path_ambiguous", call: reader("/public/%252e%252e/health") },
  { name: "NUL", status: 400, code: "path_ambiguous", call: reader("/public/health%00") },
  { name: "a path without end", status: 414, code: "path_too_long", call: reader(`/public/${"a".repeat(5_000)}`) },
  { name: "a broken query", status: 400, code: "query_ambiguous", call: reader("/orders?a=%zz") },
  { name: "a token in the query", status: 400, code: "credential_in_query", call: open("/orders?access_token=x") },
  {
    name: "headers too large",
    status: 431,
    code: "headers_too_large",
    call: reader("/orders", "GET", { "x-large": "a".repeat(40 * 1024) }),
  },
  {
    name: "a body too large",
    status: 413,
    code: "body_too_large",
    call: reader("/upload", "POST", { "content-length": "65537" }),
  },
  {
    name: "no view of the revocations",
    status: 503,
    code: "temporarily_unavailable",
    call: reader("/orders"),
    wishes: broken("EDGE_FEED"),
  },
  {
    name: "no counters",
    status: 503,
    code: "temporarily_unavailable",
    call: reader("/limited/ping"),
    wishes: broken("LIMITER"),
  },
  {
    name: "no copies of API keys",
    status: 503,
    code: "temporarily_unavailable",
    call: async () => ({ path: "/orders", headers: { "x-api-key": (await storedKey()).key } }),
    wishes: broken("API_KEYS"),
  },
];
