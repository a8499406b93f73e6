import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installGuarded } from "../support/guarded.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
const RETRIES = { backoffMs: 1, maxBackoffMs: 2 };

beforeEach(() => {
  vi.setSystemTime(Date.now());
});
afterEach(() => {
  vi.useRealTimers();
});

/** An origin that gives these answers in turn, and the last one from then on. Null: none at all. */
function answers(...statuses: (number | null)[]) {
  let call = 0;
  network.origin(() => {
    const status = statuses[Math.min(call++, statuses.length - 1)] ?? null;
    if (status === null) return Promise.reject(new TypeError("refused"));
    return new Response(status === 204 ? null : `answer ${call}`, { status });
  });
}

describe("retries", () => {
  it.each([null, 502, 503, 504])(
    "%s, and then an answer: the caller sees the answer, the log both calls",
    async (first) => {
      answers(first, 200);
      const response = await installGuarded({ retries: RETRIES }).fetch("/main/x");
      expect([response.status, await response.text()]).toEqual([200, "answer 2"]);
      expect(network.calls).toHaveLength(2);
      expect(network.calls[0]?.headers.get("x-request-id")).toBe(network.calls[1]?.headers.get("x-request-id"));
      expect(logs.lastDecision).toMatchObject({ status: 200, attempts: 2, reason: null });
    },
  );

  it("a call that succeeds at once says nothing of attempts", async () => {
    await installGuarded({ retries: RETRIES }).fetch("/main/x");
    expect(logs.lastDecision).not.toHaveProperty("attempts");
  });

  it("maxAttempts is all of them; the last failure is told", async () => {
    answers(502, 503, 504, 200);
    const response = await installGuarded({ retries: { ...RETRIES, maxAttempts: 3 } }).fetch("/main/x");
    expect(response.status).toBe(504);
    expect(network.calls).toHaveLength(3);
    expect(logs.lastDecision).toMatchObject({ status: 504, attempts: 3 });
  });

  it.each([200, 204, 301, 400, 404, 408, 425, 429, 500, 501, 505])("%d is an answer", async (status) => {
    answers(status, 200);
    expect((await installGuarded({ retries: RETRIES }).fetch("/main/x")).status).toBe(status);
    expect(network.calls).toHaveLength(1);
  });

  it("RFC 9110 9.2.2: what may have done something is never repeated", async () => {
    answers(null);
    const gate = installGuarded({ retries: RETRIES });
    for (const init of [
      { method: "POST" },
      { method: "POST", body: "{}" },
      { method: "PUT" },
      { method: "DELETE" },
      { method: "OPTIONS", body: "x" },
    ]) {
      network.calls.length = 0;
      expect((await gate.fetch("/main/x", init)).status).toBe(502);
      expect(network.calls, JSON.stringify(init)).toHaveLength(1);
    }
  });

  it("PUT and DELETE only where the origin says so, and not with a body", async () => {
    answers(503);
    const gate = installGuarded({ retries: { ...RETRIES, methods: ["GET", "PUT", "DELETE"] } });
    for (const [init, calls] of [
      [{ method: "DELETE" }, 2],
      [{ method: "PUT" }, 2],
      [{ method: "PUT", body: "x" }, 1],
      [{ method: "OPTIONS" }, 1],
    ] as const) {
      network.calls.length = 0;
      await gate.fetch("/main/x", init);
      expect(network.calls, JSON.stringify(init)).toHaveLength(calls);
    }
  });

  it("only for the causes that are set", async () => {
    const gate = installGuarded({ retries: { ...RETRIES, on: ["unreachable"] } });
    answers(503, 200);
    expect((await gate.fetch("/main/x")).status).toBe(503);
    answers(null, 200);
    expect((await gate.fetch("/main/x")).status).toBe(200);
  });

  it("RFC 9110 10.2.3: an origin that says when to come back is not asked sooner", async () => {
    network.origin(() => new Response("x", { status: 503, headers: { "retry-after": "30" } }));
    const response = await installGuarded({ retries: RETRIES }).fetch("/main/x");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "30"]);
    expect(network.calls).toHaveLength(1);
  });

  it("a deadline that went by is not repeated, and is over all attempts", async () => {
    vi.useRealTimers();
    network.origin(() => new Promise(() => {}));
    const gate = installGuarded({ timeoutMs: 20, retries: RETRIES });
    expect((await gate.fetch("/main/x")).status).toBe(504);
    expect(network.calls).toHaveLength(1);
    let calls = 0;
    network.origin(() => (++calls === 1 ? new Response("x", { status: 503 }) : new Promise(() => {})));
    expect((await gate.fetch("/main/x")).status).toBe(504);
    expect(calls).toBe(2);
  });

  it("an answer that has begun is never replaced, whatever becomes of its body", async () => {
    network.origin(
      () => new Response(new ReadableStream({ pull: (controller) => controller.error(new Error("broken off")) })),
    );
    const response = await installGuarded({ retries: RETRIES }).fetch("/main/x");
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
    expect(network.calls).toHaveLength(1);
  });

  it("no storm: of 500 calls to an origin that is down a fifth is repeated at most, beside what was kept", async () => {
    answers(null);
    const gate = installGuarded({ retries: { ...RETRIES, maxAttempts: 5 } });
    const calls = await Promise.all(Array.from({ length: 500 }, () => gate.fetch("/main/x")));
    expect(new Set(calls.map((response) => response.status))).toEqual(new Set([502]));
    expect(network.calls.length).toBeLessThanOrEqual(500 + 100 + 10);
    expect(network.calls.length).toBeGreaterThan(500);
  });

  it("an open breaker ends it: the failure is told that the origin gave", async () => {
    answers(503);
    const breaker = { minCalls: 2, failurePercent: 1, openSeconds: 5 };
    const gate = installGuarded({ retries: { ...RETRIES, maxAttempts: 5 }, breaker });
    expect((await gate.fetch("/main/x")).status).toBe(503);
    expect(network.calls).toHaveLength(2);
    expect(logs.lastDecision).toMatchObject({ status: 503, reason: null, attempts: 2 });
    expect((await gate.fetch("/main/x")).status).toBe(503);
    expect(network.calls).toHaveLength(2);
    expect(logs.lastDecision).toMatchObject({ reason: "origin_unavailable" });
  });

  it("repetitions keep the one place of their call", async () => {
    answers(503, 200);
    const gate = installGuarded({ retries: RETRIES, maxConcurrent: 1 });
    expect(await (await gate.fetch("/main/x")).text()).toBe("answer 2");
    await gate.settled();
    expect(await (await gate.fetch("/main/x")).text()).toBe("answer 3");
  });
});
