// Long because every dependency of the gate has its outage here, under the same two ways of being broken.
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import { type Breakable, breakable, type Health } from "../support/breakable.ts";
import { eventually } from "../support/eventually.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { PARTNER_URL } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { newKeyWith, storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const START = Date.parse("2026-11-06T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
const bindings = readBindings(env);
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

async function status(gate: Installation, headers: Record<string, string>, path = "/whoami"): Promise<number> {
  return (await gate.fetch(path, { headers })).status;
}

/** 503, to be tried again, saying nothing of what failed; the origin was not called. */
async function expectUnavailable(gate: Installation, headers: Record<string, string>, path = "/whoami") {
  const before = network.originCalls.length;
  const response = await gate.fetch(path, { headers });
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("1");
  expect(await problemOf(response)).toEqual({
    type: "urn:sallyport:problem:temporarily_unavailable",
    title: "Service Unavailable",
    status: 503,
    code: "temporarily_unavailable",
  });
  expect(logs.lastDecision).toMatchObject({ outcome: "denied", status: 503 });
  expect(network.originCalls).toHaveLength(before);
}

/** An installation whose issuer side can be broken whole. */
function withReader(): { gate: Installation; reader: Breakable<IssuerReader> } {
  let reader: Breakable<IssuerReader> | undefined;
  const gate = install({
    reader: (real) => {
      reader = breakable(real);
      return reader.binding;
    },
  });
  if (reader === undefined) throw new Error("no reader was composed");
  return { gate, reader };
}

describe.each<Health>(["failing", "silent"])("a dependency that is %s: authentication fails closed", (health) => {
  it("KV: an unknown key is 503; one in memory, a token and a public route go on", async () => {
    const copies = breakable(need(bindings, "API_KEYS"));
    const gate = install({ env: { API_KEYS: copies.binding } });
    const known = await storedKey();
    const unknown = await storedKey();
    expect(await status(gate, { "x-api-key": known.key })).toBe(200);
    copies.health = health;
    await expectUnavailable(gate, { "x-api-key": unknown.key });
    expect(await status(gate, { "x-api-key": known.key })).toBe(200);
    expect(await status(gate, bearer(await token(ring)))).toBe(200);
    expect(await status(gate, {}, "/public/health")).toBe(200);
    copies.health = "well";
    expect(await status(gate, { "x-api-key": unknown.key })).toBe(200);
  });

  it("the edge feed: nobody is proven once the bound of 3 s is over; public routes and bare 401s go on", async () => {
    const feed = breakable(need(bindings, "EDGE_FEED"));
    const gate = install({ env: { EDGE_FEED: feed.binding } });
    const good = bearer(await token(ring));
    const { key } = await storedKey();
    expect(await status(gate, good)).toBe(200);
    feed.health = health;
    vi.setSystemTime(START + 3_000);
    expect(await status(gate, good)).toBe(200);
    vi.setSystemTime(START + 3_001);
    await expectUnavailable(gate, good);
    await expectUnavailable(gate, { "x-api-key": key });
    expect(logs.lastDecision).toMatchObject({ reason: "edge_feed_stale" });
    expect(logs.events("edge_feed_unavailable"), "one line for all of them").toHaveLength(1);
    expect(await status(gate, {})).toBe(401);
    expect(await status(gate, {}, "/public/health")).toBe(200);
    await expectUnavailable(install({ env: { EDGE_FEED: feed.binding } }), good);
    feed.health = "well";
    vi.setSystemTime(START + 4_001);
    expect(await status(gate, good)).toBe(200);
    expect(logs.events("edge_feed_recovered")).toHaveLength(1);
  });

  it("the edge feed, after an hour's idle: nobody is proven by what was true an hour ago", async () => {
    const feed = breakable(need(bindings, "EDGE_FEED"));
    const gate = install({ env: { EDGE_FEED: feed.binding } });
    const good = bearer(await token(ring, { exp: START / 1000 + 7_200 }));
    expect(await status(gate, good, "/stale")).toBe(200);
    feed.health = health;
    vi.setSystemTime(START + 3_600_000);
    await expectUnavailable(gate, good);
    await expectUnavailable(gate, good, "/stale");
    feed.health = "well";
    vi.setSystemTime(START + 3_601_001);
    expect(await status(gate, good)).toBe(200);
  });

  it("onStale: a route that says so goes on for its 60 s beyond the bound, and a cold isolate never", async () => {
    const feed = breakable(need(bindings, "EDGE_FEED"));
    const gate = install({ env: { EDGE_FEED: feed.binding } });
    const good = bearer(await token(ring));
    expect(await status(gate, good)).toBe(200);
    feed.health = health;
    vi.setSystemTime(START + 63_000);
    for (let count = 0; count < 3; count++) expect(await status(gate, good, "/stale")).toBe(200);
    expect(logs.events("edge_feed_unavailable"), "though nobody was refused").toHaveLength(1);
    await expectUnavailable(gate, good, "/whoami");
    expect(logs.events("edge_feed_unavailable")).toHaveLength(1);
    vi.setSystemTime(START + 63_001 + 2_000);
    await expectUnavailable(gate, good, "/stale");
    await expectUnavailable(install({ env: { EDGE_FEED: feed.binding } }), good, "/stale");
  });

  it("the limiter: each limit does what its onUnavailable says", async () => {
    const limiter = breakable(need(bindings, "LIMITER"));
    const gate = install({ env: { LIMITER: limiter.binding } });
    const good = bearer(await token(ring));
    expect(await status(gate, good, "/limited/ping")).toBe(200);
    limiter.health = health;
    await expectUnavailable(gate, good, "/limited/ping");
    expect(logs.lastDecision).toMatchObject({ reason: "limiter_unavailable", limits_skipped: ["ping"] });
    await expectUnavailable(gate, good, "/limited/both");
    const allowed = await gate.fetch("/limited/allow", { headers: good });
    expect(allowed.status).toBe(200);
    expect(allowed.headers.has("ratelimit")).toBe(false);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", limits_skipped: ["allow"] });
    const local = [];
    for (let count = 0; count < 3; count++) local.push(await status(gate, good, "/limited/local"));
    expect(local).toEqual([200, 200, 429]);
    expect(logs.lastDecision).toMatchObject({ reason: "limit", limits_local: ["local"], limits_denied: ["local"] });
    expect(await status(gate, bearer(await token(ring)), "/limited/local")).toBe(200);
    expect(await status(gate, good)).toBe(200);
    limiter.health = "well";
    expect(await status(gate, good, "/limited/ping")).toBe(200);
  });

  it("the issuer: what is in memory goes on within its bounds, what is not is 503", async () => {
    const { gate, reader } = withReader();
    const good = bearer(await token(ring));
    const { key } = await storedKey();
    expect(await status(gate, good)).toBe(200);
    expect(await status(gate, { "x-api-key": key })).toBe(200);
    reader.health = health;
    vi.setSystemTime(START + 2_999);
    expect(await status(gate, good)).toBe(200);
    expect(await status(gate, bearer(await token(ring)))).toBe(200);
    expect(await status(gate, { "x-api-key": key })).toBe(200);
    vi.setSystemTime(START + 3_001);
    await expectUnavailable(gate, good);
    await expectUnavailable(gate, { "x-api-key": key });
    expect(await status(gate, {}, "/public/health")).toBe(200);
  });
});

describe("the identity ring", () => {
  it("failing: no call passes without an identity; a public route, which has none, does", async () => {
    const identities = breakable(need(bindings, "IDENTITY_KEYS"));
    const gate = install({ env: { IDENTITY_KEYS: identities.binding } });
    const good = bearer(await token(ring));
    identities.health = "failing";
    await expectUnavailable(gate, good);
    const jwks = await gate.fetch("/.well-known/sallyport/identity-jwks.json");
    expect(jwks.status).toBe(503);
    expect(jwks.headers.get("retry-after")).toBe("1");
    expect(await status(gate, {}, "/public/health")).toBe(200);
    identities.health = "well";
    expect(await status(gate, good)).toBe(200);
  });

  it("a key in memory signs for ten minutes while the ring is down, and then no more", async () => {
    const identities = breakable(need(bindings, "IDENTITY_KEYS"));
    const gate = install({ env: { IDENTITY_KEYS: identities.binding } });
    const good = bearer(await token(ring, { exp: START / 1000 + 3_600 }));
    expect(await status(gate, good)).toBe(200);
    identities.health = "failing";
    vi.setSystemTime(START + 600_000);
    expect(await status(gate, good)).toBe(200);
    vi.setSystemTime(START + 630_000);
    await expectUnavailable(gate, good);
  });

  it("another key-encryption key opens nothing: 503, not an unsigned identity", async () => {
    const gate = install({ env: { IDENTITY_KEK: `test:${"B".repeat(42)}A` } });
    await expectUnavailable(gate, bearer(await token(ring)));
    expect(await status(install(), bearer(await token(ring)))).toBe(200);
  });
});

describe("D1 and garbage", () => {
  it("D1 failing: only a key that is announced and unknown to KV needs it, and is 503", async () => {
    const db = breakable(need(bindings, "DB"));
    const gate = install({ env: { DB: db.binding } });
    const { key, hash } = await newKeyWith();
    const stored = await storedKey();
    const entry = { kind: "api_key" as const, id: hash, epoch: 1, untilMs: START + 300_000 };
    await need(bindings, "EDGE_FEED").getByName("one").append([entry]);
    db.health = "failing";
    await expectUnavailable(gate, { "x-api-key": key });
    expect(await status(gate, { "x-api-key": stored.key })).toBe(200);
    expect(await status(gate, bearer(await token(ring)))).toBe(200);
    expect(await status(gate, { "x-api-key": (await newKeyWith()).key })).toBe(401);
  });

  it.each(["", "garbage", "null", "{}", '{"id":"key_1"}', "[]"])(
    "a record in KV that reads %j opens nothing",
    async (text) => {
      const gate = install();
      const { key, hash } = await newKeyWith();
      await need(bindings, "API_KEYS").put(hash, text);
      const response = await gate.fetch("/whoami", { headers: { "x-api-key": key } });
      expect(response.status).toBe(text === "null" ? 401 : 503);
      expect(network.originCalls).toEqual([]);
      expect(await status(gate, { "x-api-key": (await storedKey()).key })).toBe(200);
    },
  );

  it("a record with members nobody knows, or without its end, opens nothing", async () => {
    const gate = install();
    const { hash, key, record } = await newKeyWith();
    const { expiresAtMs: _, ...endless } = record;
    for (const wrong of [
      { ...record, admin: true },
      endless,
      { ...record, disabled: "no" },
      { ...record, scopes: "all" },
    ]) {
      await need(bindings, "API_KEYS").put(hash, JSON.stringify(wrong));
      await expectUnavailable(gate, { "x-api-key": key });
    }
  });
});

describe("another issuer's key set that is slow or gone", () => {
  it("slow beyond 3 s: 503; a token whose key is in memory goes on for an hour", async () => {
    const partner = await newKey();
    const value = await token(partner, { iss: PARTNER_URL, exp: START / 1000 + 7_200 });
    network.serve(PARTNER_URL, () => Response.json({ keys: [partner.jwk] }));
    const gate = install();
    expect(await status(gate, bearer(value))).toBe(200);
    network.serve(PARTNER_URL, () => new Response("trace", { status: 500 }));
    vi.setSystemTime(START + 3_500_000);
    expect(await status(gate, bearer(await token(partner, { iss: PARTNER_URL, exp: START / 1000 + 7_200 })))).toBe(200);
    vi.setSystemTime(START + 3_700_000);
    await expectUnavailable(gate, bearer(await token(partner, { iss: PARTNER_URL })));
    vi.useFakeTimers({ now: START, toFake: ["setTimeout", "clearTimeout", "Date"] });
    network.serve(PARTNER_URL, () => new Promise(() => {}));
    const cold = install();
    await cold.fetch("/whoami", { headers: bearer(await token(ring)) });
    const waiting = cold.fetch("/whoami", { headers: bearer(value) });
    await eventually(() => expect(network.calls.at(-1)?.url).toContain(PARTNER_URL));
    await vi.advanceTimersByTimeAsync(3_000);
    expect((await waiting).status).toBe(503);
  });
});

describe("a budget of failures per address", () => {
  it("spent: guesses are 429 without a check, credentials that are known go on, another address is untouched", async () => {
    const { gatewayConfig } = await import("../support/gateway_config.ts");
    const config = gatewayConfig();
    const gate = install({ config: { ...config, gateway: { ...config.gateway, failedAuthenticationsPerMinute: 5 } } });
    const from = (address: string, headers: Record<string, string>) => ({ ...headers, "cf-connecting-ip": address });
    const known = bearer(await token(ring));
    const guess = bearer(await token(ring, { aud: "https://other.test/" }));
    expect(await status(gate, from("203.0.113.1", known))).toBe(200);
    for (let count = 0; count < 5; count++) expect(await status(gate, from("203.0.113.1", guess))).toBe(401);
    const throttled = await gate.fetch("/whoami", { headers: from("203.0.113.1", guess) });
    expect(throttled.status).toBe(429);
    expect(Number(throttled.headers.get("retry-after"))).toBe(12);
    expect(await problemOf(throttled)).toMatchObject({ code: "too_many_failures" });
    expect(await status(gate, from("203.0.113.1", { "x-api-key": (await newKeyWith()).key }))).toBe(429);
    expect(await status(gate, from("203.0.113.1", known))).toBe(200);
    expect(await status(gate, from("203.0.113.2", bearer(await token(ring))))).toBe(200);
    expect(await status(gate, from("2001:db8::1", guess))).toBe(401);
    vi.setSystemTime(START + 12_000);
    expect(await status(gate, from("203.0.113.1", bearer(await token(ring))))).toBe(200);
  });

  it("an expired token counts where it cost a signature, not where it was known before it expired", async () => {
    const { gatewayConfig } = await import("../support/gateway_config.ts");
    const config = gatewayConfig();
    const gate = install({ config: { ...config, gateway: { ...config.gateway, failedAuthenticationsPerMinute: 3 } } });
    const from = (address: string, headers: Record<string, string>) => ({ ...headers, "cf-connecting-ip": address });
    const known = bearer(await token(ring));
    expect(await status(gate, from("203.0.113.5", known))).toBe(200);
    vi.setSystemTime(START + 3_600_000);
    for (let count = 0; count < 5; count++) expect(await status(gate, from("203.0.113.5", known))).toBe(401);
    expect(await status(gate, from("203.0.113.5", bearer(await token(ring))))).toBe(200);
    const unknown = bearer(await token(ring, { exp: Math.floor(START / 1000) }));
    for (let count = 0; count < 3; count++) expect(await status(gate, from("203.0.113.6", unknown))).toBe(401);
    expect(await status(gate, from("203.0.113.6", bearer(await token(ring))))).toBe(429);
  });
});
