/** The controls that Sallyport is set against, as module text. They do the least that the job allows. */

/** The origin: a small JSON answer from memory, and, at one path, the key set that it is given. */
export const ORIGIN = `
const body = JSON.stringify({ orders: [{ id: "ord_1", item: "bolt", quantity: 3 }] });
const headers = { "content-type": "application/json" };
export default {
  fetch: ({ url }, { JWKS }) => new Response(url.endsWith("/keys.json") ? JWKS : body, { headers }),
};
`;

/** A Worker that does nothing but what hono's `jwk` middleware does, as its documentation shows it, and passes every request on. */
export const HONO_JWK = `
import { Hono } from "hono";
import { jwk } from "hono/jwk";
const app = new Hono();
app.use("*", jwk({ jwks_uri: (c) => c.env.ORIGIN_URL + "/keys.json", alg: ["ES256"] }));
app.all("*", (c) => {
  const { pathname, search } = new URL(c.req.url);
  return fetch(c.env.ORIGIN_URL + pathname + search, c.req.raw);
});
export default app;
`;

/** A Worker that passes every request on and does nothing else. */
export const BARE_PROXY = `
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(env.ORIGIN_URL + pathname + search, request);
  },
};
`;

/**
 * A Worker that decides nothing, and does for every call what no gate can do without: it gives the origin headers of its own in the place of the
 * caller's credential, asks it past every cache and within a deadline, gives the answer what browsers are to be told, and writes one line.
 */
export const DUTIES = `
const identity = "e".repeat(700);
const security = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["referrer-policy", "no-referrer"],
];
export default {
  async fetch(request, env) {
    const startedAt = Date.now();
    const requestId = crypto.randomUUID();
    const { pathname, search, host } = new URL(request.url);
    const headers = new Headers();
    for (const [name, value] of request.headers) {
      if (name !== "authorization" && name !== "x-api-key" && name !== "host") headers.append(name, value);
    }
    headers.append("x-request-id", requestId);
    headers.append("x-forwarded-for", request.headers.get("cf-connecting-ip") ?? "unknown");
    headers.append("x-forwarded-host", host);
    headers.append("x-forwarded-proto", "http");
    headers.append("sallyport-identity", identity);
    const asked = { method: request.method, headers, redirect: "manual", cache: "no-store" };
    const answered = fetch(env.ORIGIN_URL + pathname + search, asked);
    const origin = await new Promise((resolve, reject) => {
      setTimeout(resolve, 30_000, null);
      answered.then(resolve, reject);
    });
    const response = new Response(origin.body, origin);
    response.headers.set("cache-control", "no-store, private");
    response.headers.set("x-request-id", requestId);
    for (const [name, value] of security) response.headers.set(name, value);
    console.info(JSON.stringify({
      time: new Date().toISOString(), event: "decision", request_id: requestId, shape: "gateway", outcome: "allowed", status: response.status,
      method: request.method, path: pathname, principal: "client", principal_id: "cli_bench", credential_id: requestId,
      duration_ms: Date.now() - startedAt,
    }));
    return response;
  },
};
`;

const SIGN = `
import { SignJWT, generateKeyPair } from "jose";
let key;
async function sign() {
  key ??= (await generateKeyPair("ES256")).privateKey;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({
    iss: "http://localhost", sub: "cli_bench", aud: ["http://localhost", "http://localhost/"], client_id: "cli_bench",
    scope: "orders:read", roles: ["manager"], attributes: { department: "sales" }, iat: now, exp: now + 900, jti: crypto.randomUUID(), epochs: { client: 1 },
  }).setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: "bench" }).sign(key);
}
`;

/** A Worker that reads a form and answers an ES256 token with the claims of ours: what a token endpoint cannot do without. */
export const BARE_SIGNER = `${SIGN}
export default {
  async fetch(request) {
    await request.text();
    const token = await sign();
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: 900, scope: "orders:read" });
  },
};
`;

/**
 * The same with one insert into the object that the form's code or refresh token names: what a token that is spent once cannot do
 * without. The runtime holds the object's answer back until the row is durable. It checks nothing and looks nobody up.
 */
export const BARE_WRITER = `${SIGN}
import { DurableObject } from "cloudflare:workers";
export class Store extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS spent (id TEXT PRIMARY KEY, token TEXT NOT NULL)");
  }
  async insert(token) {
    this.ctx.storage.sql.exec("INSERT INTO spent (id, token) VALUES (?, ?)", crypto.randomUUID(), token);
  }
}
export default {
  async fetch(request, env) {
    const form = new URLSearchParams(await request.text());
    const token = form.get("refresh_token") ?? form.get("code");
    const name = token.split(".")[0];
    await env.STORE.getByName(name).insert(token);
    const refreshToken = name + "." + crypto.randomUUID() + crypto.randomUUID();
    return Response.json({
      access_token: await sign(), token_type: "Bearer", expires_in: 900, refresh_token: refreshToken, scope: "orders:read",
    });
  },
};
`;

/**
 * A Worker that judges nothing, and does for every refresh what no token endpoint can do without: it reads the form within a deadline, digests the client's
 * secret and both refresh tokens, opens what names the account and derives what follows, has one row read and written in one transaction within a
 * deadline, signs, gives the answer what browsers are to be told, and writes one line. The row is JSON of the length of a grant.
 */
export const WRITING_DUTIES = `${SIGN}
import { DurableObject } from "cloudflare:workers";
export class Store extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    ctx.storage.sql.exec("CREATE TABLE IF NOT EXISTS grants (id TEXT PRIMARY KEY, used INTEGER NOT NULL, state TEXT NOT NULL)");
  }
  async spend(presented, nowMs) {
    const { sql } = this.ctx.storage;
    return this.ctx.storage.transactionSync(() => {
      const [row] = sql.exec("SELECT state FROM grants WHERE id = ?", presented.grantId).toArray();
      if (row === undefined) sql.exec("INSERT INTO grants (id, used, state) VALUES (?, 0, '{}')", presented.grantId);
      const { refresh: before } = JSON.parse(row?.state ?? "{}");
      const refresh = { currentHash: presented.successorHash, issuedAtMs: nowMs, spent: { hash: presented.presentedHash, atMs: nowMs } };
      const state = { terms, lifetimes, startedAtMs: nowMs, lastUsedAtMs: nowMs, endsAtMs: nowMs + 1e9, revokedAtMs: null, refresh, before: before?.currentHash };
      sql.exec("UPDATE grants SET used = ?, state = ? WHERE id = ?", nowMs, JSON.stringify(state), presented.grantId);
      return { kind: "granted", retried: false, grant: { grantId: presented.grantId, terms, userEpoch: 1, endsAtMs: state.endsAtMs }, holdings };
    });
  }
}
const terms = {
  clientId: "cli_bench", subject: "usr_bench", scopes: ["orders:read", "offline_access"], resource: null, sessionId: "ses_bench", sid: "sid_bench",
  authTimeMs: 1, acr: null, amr: ["pwd"], nonce: null, refreshable: true,
};
const lifetimes = { codeMs: 1, codeRetryMs: 1, refreshRetryMs: 1, refreshIdleMs: 1, refreshAbsoluteMs: 1, onReuse: "user" };
const holdings = { assignments: [{ role: "manager", tenant: null, untilMs: null }], attributes: { department: "sales" } };
const fields = {
  "content-type": "application/json", "cache-control": "no-store", "pragma": "no-cache", "x-content-type-options": "nosniff", "x-frame-options": "DENY",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'", "referrer-policy": "no-referrer", "access-control-allow-origin": "*",
  "access-control-expose-headers": "WWW-Authenticate, Retry-After, X-Request-Id",
};
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });
const text = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
const digest = async (secret) => text(await crypto.subtle.digest("SHA-256", encoder.encode(secret)));
const within = (work, ms) => new Promise((resolve, reject) => {
  const timer = setTimeout(reject, ms);
  work.then(resolve, reject).finally(() => clearTimeout(timer));
});
let keys;
async function ready() {
  const sealing = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const deriving = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, sealing, new Uint8Array(32));
  return { sealing, deriving, iv, sealed };
}
export default {
  async fetch(request, env) {
    const requestId = crypto.randomUUID();
    const address = request.headers.get("cf-connecting-ip");
    const form = new URLSearchParams(decoder.decode(await within(request.arrayBuffer(), 10_000)));
    const nowMs = Date.now();
    const clientDigest = await digest(form.get("client_secret"));
    const token = form.get("refresh_token");
    const name = token.split(".")[0];
    keys ??= await ready();
    await crypto.subtle.decrypt({ name: "AES-GCM", iv: keys.iv }, keys.sealing, keys.sealed);
    const presentedHash = await digest(token);
    const successor = text(await crypto.subtle.sign("HMAC", keys.deriving, encoder.encode(token)));
    const presented = { grantId: name, presentedHash, successorHash: await digest(successor), clientId: clientDigest, narrowing: "[null,null]", holdings: null };
    const { grant } = await within(env.STORE.getByName(name).spend(presented, nowMs), 15_000);
    const accessToken = await sign();
    console.info(JSON.stringify({
      time: new Date().toISOString(), event: "token_issued", request_id: requestId, address, client_id: "cli_bench", user_id: "usr_bench",
      grant_id: grant.grantId, token_id: requestId, scopes: grant.terms.scopes,
    }));
    const refreshToken = (name + "." + crypto.randomUUID() + crypto.randomUUID()).slice(0, 129);
    const body = { access_token: accessToken, token_type: "Bearer", expires_in: 900, refresh_token: refreshToken, scope: "orders:read" };
    return new Response(JSON.stringify(body), { headers: { ...fields, "x-request-id": requestId } });
  },
};
`;
