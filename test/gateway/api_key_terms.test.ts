import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import type { ApiKeyTerms } from "../../src/protocol/api_key_terms.ts";
import { breakable } from "../support/breakable.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { keyCopies, storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { INVALID_TOKEN, problemOf } from "../support/refused.ts";

/** The start of a window of 10 s. */
const START = Date.parse("2026-11-05T00:00:00Z");
const HOUR_MS = 3_600_000;
const logs = captureLogs();
const network = stubNetwork();

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

async function keyWith(terms: ApiKeyTerms, kind: "secret" | "publishable" = "secret"): Promise<string> {
  return (await storedKey({ terms, kind, scopes: ["orders:read"] })).key;
}

async function call(gate: Installation, key: string, headers: Record<string, string> = {}, path = "/orders") {
  const response = await gate.fetch(path, { headers: { "x-api-key": key, ...headers } });
  return { status: response.status, response, reason: logs.lastDecision.reason };
}

describe("a key that may be used from some addresses alone", () => {
  const from = (address: string) => ({ "cf-connecting-ip": address });
  const terms = { addresses: ["203.0.113.0/24", "2001:db8:7::/48"] };

  it.each([
    ["203.0.113.9", 200],
    ["::ffff:203.0.113.9", 200],
    ["2001:db8:7:1::9", 200],
    ["2001:0DB8:0007:0000:0000:0000:0000:0009", 200],
    ["203.0.114.9", 401],
    ["2001:db8:8::9", 401],
    ["::203.0.113.9", 401],
  ])("from %s: %i", async (address, status) => {
    const gate = install();
    const told = await call(gate, await keyWith(terms), from(address));
    expect(told.status).toBe(status);
    if (status === 200) return;
    expect(told.reason).toBe("api_key_address_not_allowed");
    // The same as for a key that does not exist: a thief learns nothing of what was stolen.
    expect(await problemOf(told.response)).toEqual(INVALID_TOKEN);
  });

  it("an IPv6 range is not widened to the /64 that limits count", async () => {
    const gate = install();
    const key = await keyWith({ addresses: ["2001:db8::1"] });
    expect((await call(gate, key, from("2001:db8::1"))).status).toBe(200);
    expect((await call(gate, key, from("2001:db8::2"))).status).toBe(401);
  });

  it("what a caller says of its own address counts for nothing", async () => {
    const gate = install();
    const key = await keyWith(terms);
    const claims = [
      { "x-forwarded-for": "203.0.113.9" },
      { "x-real-ip": "203.0.113.9" },
      { forwarded: "for=203.0.113.9" },
      { "true-client-ip": "203.0.113.9" },
      { "cf-connecting-ipv6": "2001:db8:7::9" },
      { "cf-pseudo-ipv4": "203.0.113.9" },
      { "x-client-ip": "203.0.113.9" },
    ];
    for (const claim of claims) expect((await call(gate, key, { ...from("198.51.100.1"), ...claim })).status).toBe(401);
    expect(network.originCalls).toEqual([]);
  });

  it.each([[{}], [{ "cf-connecting-ip": "203.0.113.9, 198.51.100.1" }], [{ "cf-connecting-ip": "" }]])(
    "without one address of the platform's, nowhere: %j",
    async (headers) => {
      expect(await call(install(), await keyWith(terms), headers)).toMatchObject({
        status: 401,
        reason: "api_key_address_not_allowed",
      });
    },
  );

  it("a change reaches a gate that holds the key, within the feed's bound", async () => {
    const gate = install();
    const { key, hash, record } = await storedKey();
    expect((await call(gate, key, from("198.51.100.1"))).status).toBe(200);
    await keyCopies().put(hash, { ...record, epoch: 2, terms });
    const feed = need(readBindings(env), "EDGE_FEED").getByName("one");
    const untilMs = START + HOUR_MS;
    await feed.append([record.id, hash].map((id) => ({ kind: "api_key", id, epoch: 2, untilMs }) as const));
    vi.setSystemTime(START + 3_001);
    expect((await call(gate, key, from("198.51.100.1"))).reason).toBe("api_key_address_not_allowed");
    expect((await call(gate, key, from("203.0.113.1"))).status).toBe(200);
  });
});

describe("a publishable key for some web origins", () => {
  const terms = { origins: ["https://app.example", "http://localhost:5173"] };

  it.each<[Record<string, string>, number]>([
    [{ origin: "https://app.example" }, 200],
    [{ origin: "http://localhost:5173" }, 200],
    [{ origin: "https://app.example.evil.test" }, 401],
    [{ origin: "https://evil.test/https://app.example" }, 401],
    [{ origin: "http://app.example" }, 401],
    [{ origin: "https://app.example:8443" }, 401],
    [{ origin: "https://APP.example" }, 401],
    [{ origin: "https://app.example, https://evil.test" }, 401],
    [{ origin: "null" }, 401],
    [{ origin: "" }, 401],
    [{}, 401],
    [{ referer: "https://app.example/" }, 401],
  ])("%j: %i", async (headers, status) => {
    const told = await call(install(), await keyWith(terms, "publishable"), headers);
    expect(told.status).toBe(status);
    if (status === 401) expect(told.reason).toBe("api_key_origin_not_allowed");
  });
});

describe("a key with limits of its own", () => {
  const two = { name: "mine", precision: "exact", algorithm: "fixed", limit: 2, windowSeconds: 10 } as const;

  it("bound it on every route together, and another key not at all", async () => {
    const gate = install();
    const [key, other] = [await keyWith({ limits: [two] }), await keyWith({ limits: [two] })];
    const first = await call(gate, key);
    expect(first.response.headers.get("ratelimit")).toBe('"key:mine";r=1;t=10');
    expect((await call(gate, key, {}, "/whoami")).status).toBe(200);
    const denied = await call(gate, key);
    expect(denied).toMatchObject({ status: 429, reason: "limit" });
    expect(await problemOf(denied.response)).toMatchObject({ "violated-policies": ["key:mine"] });
    expect(logs.lastDecision).toMatchObject({ limits_denied: ["key:mine"] });
    expect((await call(gate, other)).status).toBe(200);
    vi.setSystemTime(START + 10_000);
    expect((await call(gate, key)).status).toBe(200);
  });

  it("and the route's take all or nothing, and one of the same name is another", async () => {
    const gate = install();
    const key = await keyWith({ limits: [{ ...two, name: "ping", limit: 6 }] });
    for (let count = 0; count < 5; count++) expect((await call(gate, key, {}, "/limited/ping")).status).toBe(200);
    for (let count = 0; count < 3; count++) expect((await call(gate, key, {}, "/limited/ping")).status).toBe(429);
    expect(logs.lastDecision).toMatchObject({ limits_denied: ["ping"] });
    const last = await call(gate, key);
    expect(last.response.headers.get("ratelimit")).toBe('"key:ping";r=0;t=10');
  });

  it("fail closed while they cannot be counted", async () => {
    const limiter = breakable(need(readBindings(env), "LIMITER"));
    const gate = install({ env: { LIMITER: limiter.binding } });
    const key = await keyWith({ limits: [two] });
    limiter.health = "failing";
    expect(await call(gate, key)).toMatchObject({ status: 503, reason: "limiter_unavailable" });
  });
});

describe("a key with credits", () => {
  const credits = (amount: number, refill: { amount: number; intervalSeconds: number } | null = null) => ({
    credits: { amount, refill, series: 1, startedAtMs: START },
  });

  it("200 calls at once through two isolates: exactly 50 pass", async () => {
    vi.useRealTimers();
    const key = await keyWith(credits(50));
    const gates = [install(), install()] as const;
    const answers = await Promise.all(Array.from({ length: 200 }, (_, at) => call(gates[at % 2 === 0 ? 0 : 1], key)));
    const passed = answers.filter(({ status }) => status === 200).length;
    // On a machine that is slower than the deadline a call may fail closed; what it spent comes back.
    const late = answers.filter(({ status }) => status === 503).length;
    expect(passed).toBeLessThanOrEqual(50);
    expect(passed + late).toBeGreaterThanOrEqual(50);
    expect(answers.filter(({ status }) => status === 429).length).toBe(200 - passed - late);
    expect(network.originCalls.length).toBe(passed);
  });

  it("that are used up is told so, without a time where none come back", async () => {
    const gate = install();
    const key = await keyWith(credits(1));
    expect((await call(gate, key)).status).toBe(200);
    const { response, status, reason } = await call(gate, key);
    expect([status, reason]).toEqual([429, "credits_exhausted"]);
    expect(response.headers.has("retry-after")).toBe(false);
    expect(await problemOf(response)).toMatchObject({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      code: "credits_exhausted",
    });
    expect(network.originCalls.length).toBe(1);
  });

  it("come back when they are due", async () => {
    const gate = install();
    const key = await keyWith(credits(2, { amount: 1, intervalSeconds: 60 }));
    await call(gate, key);
    await call(gate, key);
    vi.setSystemTime(START + 20_000);
    const { response } = await call(gate, key);
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("40");
    vi.setSystemTime(START + 60_000);
    expect((await call(gate, key)).status).toBe(200);
    expect((await call(gate, key)).status).toBe(429);
  });

  it("pay for no call that a limit denied, nor one without the scope, nor one from elsewhere", async () => {
    const gate = install();
    const key = await keyWith(credits(8));
    for (let count = 0; count < 5; count++) expect((await call(gate, key, {}, "/limited/ping")).status).toBe(200);
    for (let count = 0; count < 5; count++) expect((await call(gate, key, {}, "/limited/ping")).status).toBe(429);
    expect((await call(gate, key, {}, "/managers")).status).toBe(403);
    expect((await call(gate, key, {}, "/bearer-only")).status).toBe(401);
    await gate.settled();
    for (let count = 0; count < 3; count++) expect((await call(gate, key)).status).toBe(200);
    expect((await call(gate, key)).reason).toBe("credits_exhausted");
  });

  it("a denied call takes nothing from the limits", async () => {
    const gate = install();
    const { key, record } = await storedKey({ terms: credits(1) });
    await call(gate, key, {}, "/whoami");
    expect((await call(gate, key, {}, "/limited/ping")).reason).toBe("credits_exhausted");
    await keyCopies().put(await hashFor(key), { ...record, terms: undefined });
    const fresh = await call(install(), key, {}, "/limited/ping");
    expect(fresh.response.headers.get("ratelimit-remaining")).toBe("4");
  });

  it("a route may cost more, or nothing", async () => {
    const config = gatewayConfig();
    const routes = config.routes.map((route) => {
      if (route.path === "/whoami") return { ...route, creditCost: 0 };
      return route.path === "/orders" ? { ...route, creditCost: 3 } : route;
    });
    const gate = install({ config: { ...config, routes } });
    const key = await keyWith(credits(4));
    expect((await call(gate, key)).status).toBe(200);
    expect((await call(gate, key)).status).toBe(429);
    expect((await call(gate, key, {}, "/keys-only")).status).toBe(200);
    for (let count = 0; count < 3; count++) expect((await call(gate, key, {}, "/whoami")).status).toBe(200);
  });

  it.each(["failing", "silent"] as const)("fail closed while their counter is %s, and only theirs", async (health) => {
    const counter = breakable(need(readBindings(env), "CREDITS"));
    const gate = install({ env: { CREDITS: counter.binding } });
    const [paid, free] = [await keyWith(credits(9)), await keyWith({})];
    counter.health = health;
    const told = await call(gate, paid);
    expect(told).toMatchObject({ status: 503, reason: "credits_unavailable" });
    expect(told.response.headers.get("retry-after")).toBe("1");
    expect((await call(gate, free)).status).toBe(200);
    counter.health = "well";
    expect((await call(gate, paid)).status).toBe(200);
  });

  it("a key without credits asks no counter", async () => {
    const counter = breakable(need(readBindings(env), "CREDITS"));
    const gate = install({ env: { CREDITS: counter.binding } });
    expect((await call(gate, await keyWith({}))).status).toBe(200);
    expect(counter.calls).toBe(0);
  });
});

async function hashFor(key: string): Promise<string> {
  const { hashApiKey, parseApiKey } = await import("../../src/protocol/api_key.ts");
  const parsed = parseApiKey(key);
  if (parsed === null) throw new Error("not a key");
  return hashApiKey(parsed);
}
