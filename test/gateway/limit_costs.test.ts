import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { type Installation, install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/** The start of a window of 10 s. */
const START = Date.parse("2026-11-04T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
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

/** Calls `path` and waits for what it leaves behind. */
async function call(gate: Installation, headers: Readonly<Record<string, string>>, path: string): Promise<Response> {
  const response = await gate.fetch(path, { headers });
  await gate.settled();
  return response;
}

/** The origin says that a call costs `value`. */
function originCosts(value: string) {
  network.origin(() => Response.json({ from: "origin" }, { headers: { "Sallyport-Cost": value } }));
}

const ORIGIN_COST = "/limited/origin-cost";

describe("a cost of the route's own", () => {
  it("of 4 lets two calls of a limit of 10 pass; a cheaper call still fits, a dearer one is not charged", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    const statuses = [];
    for (let count = 0; count < 3; count++) statuses.push((await call(gate, caller, "/limited/units")).status);
    expect(statuses).toEqual([200, 200, 429]);
    const cheap = await call(gate, caller, ORIGIN_COST);
    expect([cheap.status, cheap.headers.get("ratelimit")]).toEqual([200, '"units";r=1;t=10, "tokens";r=8;t=2']);
  });
});

describe("a cost that the origin tells", () => {
  it("is charged behind the response, each limit up to its bound; the caller sees what remains, and not the field", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    originCosts("4");
    const first = await call(gate, caller, ORIGIN_COST);
    expect(first.headers.has("sallyport-cost")).toBe(false);
    expect(first.headers.get("ratelimit")).toBe('"units";r=6;t=10, "tokens";r=6;t=4');
    originCosts("100");
    const dear = await call(gate, caller, ORIGIN_COST);
    expect(dear.headers.get("ratelimit")).toBe('"units";r=0;t=10, "tokens";r=1;t=9');
    const next = await call(gate, caller, ORIGIN_COST);
    expect([next.status, next.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(network.originCalls).toHaveLength(2);
  });

  it("that does not fit is a debt: the next call is denied until it is made good", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    originCosts("8");
    for (let count = 0; count < 2; count++) expect((await call(gate, caller, ORIGIN_COST)).status).toBe(200);
    expect((await call(gate, caller, ORIGIN_COST)).status).toBe(429);
    vi.setSystemTime(START + 10_000);
    expect((await call(gate, caller, ORIGIN_COST)).status).toBe(200);
  });

  it.each([
    ["less than what was taken", "0", undefined],
    ["nothing", "", "origin_cost_malformed"],
    ["less than nothing", "-5", "origin_cost_malformed"],
    ["a fraction", "1.5", "origin_cost_malformed"],
    ["two costs", "3, 4", "origin_cost_malformed"],
    ["more than anybody can count", "99999999999999999999", "origin_cost_malformed"],
  ])("gives nothing back and breaks nothing: %s", async (_, value, reason) => {
    const gate = install();
    const caller = bearer(await token(ring));
    originCosts(value);
    const response = await call(gate, caller, ORIGIN_COST);
    expect(response.status).toBe(200);
    expect(response.headers.get("ratelimit")).toBe('"units";r=9;t=10, "tokens";r=8;t=2');
    expect(logs.events("origin_cost_refused").map((line) => line.reason)).toEqual(reason === undefined ? [] : [reason]);
  });

  it("is not heard where the route does not ask for it", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    originCosts("8");
    const response = await call(gate, caller, "/limited/units");
    expect(response.headers.get("ratelimit")).toBe('"units";r=6;t=10');
    expect(response.headers.has("sallyport-cost")).toBe(false);
  });

  it("counts where the origin fails as well: an error is no way round it", async () => {
    const gate = install();
    network.origin(() => new Response("trace", { status: 500, headers: { "sallyport-cost": "5" } }));
    const response = await call(gate, bearer(await token(ring)), ORIGIN_COST);
    expect(response.status).toBe(500);
    expect(response.headers.get("ratelimit")).toBe('"units";r=5;t=10, "tokens";r=5;t=5');
  });

  it("that cannot be charged is told to operators; the call has passed", async () => {
    const limiter = breakable(need(readBindings(env), "LIMITER"));
    const gate = install({ env: { LIMITER: limiter.binding } });
    const caller = bearer(await token(ring));
    network.origin(() => {
      limiter.health = "failing";
      return Response.json({}, { headers: { "sallyport-cost": "5" } });
    });
    expect((await call(gate, caller, ORIGIN_COST)).status).toBe(200);
    expect(logs.events("origin_cost_lost")).toHaveLength(1);
  });
});

describe("a limit on trial", () => {
  it("counts, tells the log whom it would deny, and neither denies nor shows itself", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    const told: unknown[] = [];
    for (let count = 0; count < 4; count++) {
      const response = await call(gate, caller, "/limited/trial");
      expect(response.status).toBe(200);
      expect([...response.headers.keys()].filter((name) => name.startsWith("ratelimit"))).toEqual([]);
      told.push(logs.lastDecision.would_deny);
    }
    expect(told).toEqual([undefined, undefined, ["trial"], ["trial"]]);
  });

  it("stands beside one that denies: only what that lets in is counted", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    for (let count = 0; count < 5; count++) await call(gate, caller, "/limited/ping");
    for (let count = 0; count < 3; count++) {
      expect((await call(gate, caller, "/limited/trial-and-ping")).status).toBe(429);
      expect(logs.lastDecision).toMatchObject({ reason: "limit", limits_denied: ["ping"] });
      expect(logs.lastDecision.would_deny).toBeUndefined();
    }
    vi.setSystemTime(START + 10_000);
    const response = await call(gate, caller, "/limited/trial-and-ping");
    expect(response.headers.get("ratelimit")).toBe('"ping";r=4;t=10');
    expect(logs.lastDecision.would_deny).toBeUndefined();
  });

  it("that cannot be counted is skipped, and the log says so", async () => {
    const limiter = breakable(need(readBindings(env), "LIMITER"));
    const gate = install({ env: { LIMITER: limiter.binding } });
    const caller = bearer(await token(ring));
    limiter.health = "silent";
    expect((await call(gate, caller, "/limited/trial")).status).toBe(200);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", limits_skipped: ["trial"] });
  });
});
