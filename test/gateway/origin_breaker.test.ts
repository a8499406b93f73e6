import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { handFed, installGuarded } from "../support/guarded.ts";
import type { Installation } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();
const BREAKER = { minCalls: 4, windowSeconds: 10, openSeconds: 5, probes: 2 };

beforeEach(() => {
  vi.setSystemTime(Date.now());
});
afterEach(() => {
  vi.useRealTimers();
});

const down = () => Promise.reject(new TypeError("refused"));
const well = () => new Response("well");

async function statuses(gate: Installation, calls: number): Promise<number[]> {
  const seen: number[] = [];
  for (let call = 0; call < calls; call++) seen.push((await gate.fetch("/main/x")).status);
  return seen;
}

function wait(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}

function phases(): string[] {
  return logs.lines.map((line) => String(JSON.parse(line).event)).filter((event) => event.startsWith("breaker_"));
}

describe("breaker", () => {
  it("an origin that keeps failing is left alone, tried out after a while, and used again; each change is logged once", async () => {
    const gate = installGuarded({ breaker: BREAKER });
    network.origin(down);
    expect(await statuses(gate, 7)).toEqual([502, 502, 502, 502, 503, 503, 503]);
    expect(network.calls).toHaveLength(4);
    const refused = await gate.fetch("/main/x");
    expect(refused.headers.get("retry-after")).toBe("5");
    expect(await problemOf(refused)).toEqual({
      type: "urn:sallyport:problem:origin_unavailable",
      title: "Service Unavailable",
      status: 503,
      code: "origin_unavailable",
    });
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 503, reason: "origin_unavailable" });
    wait(4_999);
    expect(await statuses(gate, 1)).toEqual([503]);
    wait(1);
    expect(await statuses(gate, 3)).toEqual([502, 503, 503]);
    wait(5_000);
    network.origin(well);
    expect(await statuses(gate, 10)).toEqual(Array(10).fill(200));
    expect(phases()).toEqual([
      "breaker_opened",
      "breaker_half_open",
      "breaker_opened",
      "breaker_half_open",
      "breaker_closed",
    ]);
    expect(logs.events("breaker_opened")[0]).toMatchObject({ level: "error", origin: "main" });
  });

  it("half open: of 30 calls at once only the probes reach the origin", async () => {
    const gate = installGuarded({ breaker: BREAKER });
    network.origin(down);
    await statuses(gate, 4);
    wait(5_000);
    network.calls.length = 0;
    const { promise, resolve } = Promise.withResolvers<Response>();
    network.origin(() => promise.then(() => well()));
    const calls = Array.from({ length: 30 }, () => gate.fetch("/main/x"));
    const refused = await Promise.all(calls.slice(2));
    expect(refused.map((response) => response.status)).toEqual(Array(28).fill(503));
    expect(network.calls).toHaveLength(2);
    resolve(well());
    expect((await Promise.all(calls.slice(0, 2))).map((response) => response.status)).toEqual([200, 200]);
    expect(await statuses(gate, 3)).toEqual([200, 200, 200]);
  });

  it.each([502, 503, 504])("%d of the origin counts as a failure", async (status) => {
    const gate = installGuarded({ breaker: BREAKER });
    network.origin(() => new Response("x", { status }));
    expect(await statuses(gate, 6)).toEqual([status, status, status, status, 503, 503]);
    expect(network.calls).toHaveLength(4);
  });

  it.each([500, 501, 400, 401, 404, 429])("%d does not: the origin is there", async (status) => {
    const gate = installGuarded({ breaker: BREAKER });
    network.origin(() => new Response("x", { status }));
    expect(await statuses(gate, 10)).toEqual(Array(10).fill(status));
  });

  it("a deadline that goes by counts as a failure", async () => {
    vi.useRealTimers();
    const gate = installGuarded({ timeoutMs: 5, breaker: BREAKER });
    network.origin(() => new Promise(() => {}));
    expect(await statuses(gate, 6)).toEqual([504, 504, 504, 504, 503, 503]);
  });

  it("a caller that sends its body slowly, too much of it, or breaks it off does not have the origin taken for a dead one", async () => {
    vi.useRealTimers();
    const gate = installGuarded({ timeoutMs: 20, breaker: { ...BREAKER, failurePercent: 1, minCalls: 1 } });
    network.origin(async (request) => new Response(await request.text()));
    const post = (body: ReadableStream) => gate.fetch("/main/x", { method: "POST", body });
    const [slow, broken, large] = [handFed(), handFed(), handFed()];
    slow.send("a");
    expect((await post(slow.stream)).status).toBe(504);
    const breaking = post(broken.stream);
    broken.fail();
    expect((await breaking).status).toBe(502);
    large.send("x".repeat(2 * 1024 * 1024));
    large.end();
    expect((await post(large.stream)).status).toBe(413);
    expect(await statuses(gate, 1)).toEqual([200]);
    slow.fail();
  });

  it.each([{}, { "content-length": "2" }])(
    "a call with a whole body that nobody answers counts (%o)",
    async (headers) => {
      vi.useRealTimers();
      const gate = installGuarded({ breaker: BREAKER });
      network.origin(() => scheduler.wait(5).then(down));
      const post = async () => (await gate.fetch("/main/x", { method: "POST", body: "{}", headers })).status;
      expect([await post(), await post(), await post(), await post(), await post()]).toEqual([502, 502, 502, 502, 503]);
    },
  );

  it("a body arrives whole where a breaker watches it", async () => {
    const gate = installGuarded({ breaker: BREAKER });
    network.origin(async (request) => new Response(await request.text()));
    const body = "0123456789".repeat(50_000);
    const stated = { method: "POST", body, headers: { "content-length": String(body.length) } };
    expect(await (await gate.fetch("/main/x", stated)).text()).toBe(body);
    expect(await (await gate.fetch("/main/x", { method: "POST", body: new Blob([body]).stream() })).text()).toBe(body);
  });

  it("another origin and another isolate are not concerned", async () => {
    const [gate, other] = [installGuarded({ breaker: BREAKER }), installGuarded({ breaker: BREAKER })];
    network.origin(down);
    expect(await statuses(gate, 5)).toEqual([502, 502, 502, 502, 503]);
    expect((await gate.fetch("/public/health")).status).toBe(503);
    network.origin(well);
    expect(await statuses(other, 1)).toEqual([200]);
  });
});
