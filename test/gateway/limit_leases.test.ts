import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

/** The start of a window of 10 s. */
const START = Date.parse("2026-11-04T00:00:00Z");
const logs = captureLogs();
stubNetwork();
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

describe("a leased limit of 40 through the whole gate", () => {
  it("counts down to the unit in one isolate, and then denies", async () => {
    const gate = install();
    const headers = bearer(await token(ring));
    for (let left = 39; left >= 0; left--) {
      const response = await gate.fetch("/limited/leased", { headers });
      expect([response.status, response.headers.get("ratelimit")]).toEqual([200, `"leased";r=${left};t=10`]);
      await gate.settled();
    }
    const denied = await gate.fetch("/limited/leased", { headers });
    expect([denied.status, denied.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(logs.lastDecision).toMatchObject({ reason: "limit", limits_denied: ["leased"] });
  });

  it("two isolates and 120 calls at once get no more than 40", async () => {
    const gates = [install(), install()];
    const headers = bearer(await token(ring));
    await Promise.all(gates.map((gate) => gate.fetch("/whoami", { headers })));
    const calls = Array.from({ length: 60 }, () => gates.map((gate) => gate.fetch("/limited/leased", { headers })));
    const statuses = (await Promise.all(calls.flat())).map(({ status }) => status);
    const granted = statuses.filter((status) => status === 200).length;
    expect(granted).toBeLessThanOrEqual(40);
    expect(granted).toBeGreaterThanOrEqual(36);
  });

  it("an outage is felt when the lease is spent: then `onUnavailable` has its way", async () => {
    const limiter = breakable(need(readBindings(env), "LIMITER"));
    const gate = install({ env: { LIMITER: limiter.binding } });
    const headers = bearer(await token(ring));
    const status = async () => (await gate.fetch("/limited/leased", { headers })).status;
    expect(await status()).toBe(200);
    await gate.settled();
    limiter.health = "failing";
    expect([await status(), await status(), await status()]).toEqual([200, 200, 503]);
    expect(logs.lastDecision).toMatchObject({ reason: "limiter_unavailable", limits_skipped: ["leased"] });
  });

  it("beside a limit that denies it is charged nothing", async () => {
    const gate = install();
    const headers = bearer(await token(ring));
    for (let count = 0; count < 5; count++) await gate.fetch("/limited/ping", { headers });
    const denied = Array.from({ length: 30 }, () => gate.fetch("/limited/leased-and-ping", { headers }));
    for (const { status } of await Promise.all(denied)) expect(status).toBe(429);
    await gate.settled();
    const response = await gate.fetch("/limited/leased", { headers });
    expect(response.headers.get("ratelimit")).toBe('"leased";r=39;t=10');
  });
});
