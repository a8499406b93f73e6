import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { HeldBodies } from "../../src/authorizer/held_bodies.ts";
import { type Environment, need, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { actionConfig } from "../support/action_config.ts";
import { memoryQueue } from "../support/audit_trail.ts";
import { breakable } from "../support/breakable.ts";
import { ITEMS } from "../support/contract_config.ts";
import type { RequestWishes } from "../support/install.ts";
import { type IssuedKey, storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { installForProxies } from "../support/shapes.ts";

/*
 * What a call has taken by the time that it is refused. Limits count calls that were let in, whatever becomes of them: they are there to bound work, and
 * a refused body was work. Credits are paid for: what the gate itself fails to carry out costs none, and what the caller does, or its origin, does.
 */
const logs = captureLogs();
const network = stubNetwork();
/** The clock stands still: no window ends within a test. */
const START = Date.parse("2026-11-06T12:00:00Z");
const LIMIT = 1_000;
const CREDITS = 9;

function config(): ConfigInput {
  const base = actionConfig();
  const route = { methods: ["GET" as const], origin: "main", limits: ["calls"] };
  const busy = { ...base.origins.main, url: base.origins.main?.url ?? "", audience: "urn:test:busy" };
  return {
    ...base,
    openapi: { items: ITEMS },
    limits: { ...base.limits, calls: { algorithm: "fixed", limit: LIMIT, windowSeconds: 86_400 } },
    origins: { ...base.origins, busy: { ...busy, breaker: { minCalls: 1, failurePercent: 1, openSeconds: 60 } } },
    routes: [
      ...base.routes.map((one) => (one.path === "/by-body" ? { ...one, limits: ["calls"] } : one)),
      { ...route, path: "/charged" },
      { ...route, path: "/charged/recorded", audit: "required" },
      { ...route, path: "/charged/ping", limits: ["calls", "client"] },
      { ...route, path: "/charged/broken", origin: "busy" },
      { ...route, path: "/items", openapi: { document: "items" } },
    ],
  };
}

/** A gate with a dependency that can be broken for each of the cases. */
function world() {
  const queue = memoryQueue();
  const identities = breakable(need(readBindings(env), "IDENTITY_KEYS"));
  const bound = { AUDIT: queue.binding, IDENTITY_KEYS: identities.binding } as unknown as Environment;
  const gate = installForProxies({ config: config(), env: bound });
  return { gate, queue, identities };
}

type World = ReturnType<typeof world>;
type Send = (world: World, key: IssuedKey) => Promise<{ readonly status: number }>;

const call =
  (path: string, init: RequestWishes = {}): Send =>
  ({ gate }, { key }) =>
    gate.fetch(path, { ...init, headers: { "x-api-key": key, ...init.headers } });
const json = (body: string) =>
  call("/by-body", { method: "POST", body, headers: { "content-type": "application/json" } });
const asked =
  (path: string, method = "GET"): Send =>
  async ({ gate }, { key }) => {
    const headers = new Headers({ "x-api-key": key, "content-length": "0" });
    const decision = await gate.authorize({ method, url: `https://api.test${path}`, headers });
    return { status: decision.allowed ? 200 : decision.status };
  };
const nothing = () => undefined;
/** The bodies of others fill what an isolate holds of them. */
const noRoom = () => {
  const full = vi
    .spyOn(HeldBodies.prototype, "with")
    .mockImplementation((_body, _terms, use) => use({ kind: "no_room" }));
  onTestFinished(() => full.mockRestore());
};
const owner = (answer: (key: IssuedKey) => Response) => (_: World, key: IssuedKey) =>
  network.origin((request) => (request.url.includes("/internal/") ? answer(key) : Response.json({})));

type Row = readonly [
  reason: string,
  break_: (world: World, key: IssuedKey) => void,
  send: Send,
  status: number,
  credits: number,
  units: number,
];

const rows: readonly Row[] = [
  // Before anything is taken.
  ["scope_missing", nothing, call("/orders", { method: "POST" }), 403, 0, 0],
  ["bodies_not_seen", nothing, asked("/items"), 403, 0, 0],
  ["bodies_not_seen", nothing, asked("/by-body", "POST"), 403, 0, 0],
  // One of several denies.
  ["limit", nothing, call("/charged/ping"), 429, 0, 0],
  // The gate itself fails.
  [
    "audit_unavailable",
    ({ queue }) => {
      queue.health = "failing";
    },
    call("/charged/recorded"),
    503,
    0,
    1,
  ],
  [
    "outage",
    ({ identities }) => {
      identities.health = "failing";
    },
    call("/charged"),
    503,
    0,
    1,
  ],
  [
    "outage",
    ({ identities }) => {
      identities.health = "failing";
    },
    asked("/charged"),
    503,
    0,
    1,
  ],
  ["gate_busy", noRoom, json('{"document":{"id":"1"}}'), 503, 0, 1],
  ["outage", owner(() => new Response(null, { status: 500 })), json('{"document":{"id":"1"}}'), 503, 0, 1],
  // What the caller sent does not do.
  ["request_invalid", nothing, call("/items?limit=51"), 400, 1, 1],
  ["request_invalid", nothing, json('{"document":'), 400, 1, 1],
  ["resource_missing", nothing, json('{"document":{}}'), 400, 1, 1],
  ["no_rule_allows", owner(() => Response.json({ owner: "somebody" })), json('{"document":{"id":"1"}}'), 403, 1, 1],
  // The origin was asked.
  [
    "origin_unreachable",
    () => network.origin(() => Promise.reject(new Error("no route"))),
    call("/charged"),
    502,
    1,
    1,
  ],
  // Who keeps an origin busy does not ask for nothing.
  [
    "origin_unavailable",
    () => network.origin(() => new Response(null, { status: 503 })),
    async (world, key) => {
      await call("/charged/broken")(world, await storedKey());
      return call("/charged/broken")(world, key);
    },
    503,
    1,
    1,
  ],
];

beforeEach(() => {
  vi.setSystemTime(START);
  return () => {
    vi.useRealTimers();
  };
});

describe("a call that is refused", () => {
  it.each(rows)("as %s: what it takes", async (reason, break_, send, status, credits, units) => {
    const told = world();
    const credited = { amount: CREDITS, refill: null, series: 1, startedAtMs: START };
    const key = await storedKey({ terms: { credits: credited } });
    if (reason === "limit") {
      for (let count = 0; count < 5; count++) await call("/charged/ping")(told, key);
      await told.gate.settled();
    }
    const before = reason === "limit" ? 5 : 0;
    break_(told, key);
    expect((await send(told, key)).status).toBe(status);
    expect(logs.lastDecision.reason).toBe(reason);
    await told.gate.settled();
    const counter = need(readBindings(env), "CREDITS").getByName(key.record.id);
    const { left } = await counter.stateOf(credited);
    expect(CREDITS - before - left, "credits").toBe(credits);
    network.origin(() => Response.json({}));
    told.identities.health = "well";
    const probe = await told.gate.fetch("/charged", { headers: { "x-api-key": key.key } });
    expect(probe.status).toBe(200);
    expect(LIMIT - Number(probe.headers.get("ratelimit-remaining")) - 1 - before, "units of the limit").toBe(units);
  });
});
