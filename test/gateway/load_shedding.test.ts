import { describe, expect, it, vi } from "vitest";
import { guardedConfig, handFed, installGuarded } from "../support/guarded.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

const logs = captureLogs();
const network = stubNetwork();

/** An origin whose answers wait until a test lets them go, and which counts what is under way at once. */
function slowOrigin() {
  const waiting: ((response: Response) => void)[] = [];
  const seen = { inFlight: 0, most: 0, calls: 0 };
  network.origin(() => {
    seen.inFlight += 1;
    seen.calls += 1;
    seen.most = Math.max(seen.most, seen.inFlight);
    return new Promise<Response>((resolve) => waiting.push(resolve)).finally(() => {
      seen.inFlight -= 1;
    });
  });
  return {
    seen,
    async arrived(calls: number) {
      while (seen.calls < calls) await scheduler.wait(1);
    },
    answer(make: () => Response = () => new Response("done")) {
      for (const resolve of waiting.splice(0)) resolve(make());
    },
  };
}

describe("maxConcurrent", () => {
  it("of 50 calls at once exactly 10 reach the origin, 40 hear 503 at once, and the next 10 pass again", async () => {
    const origin = slowOrigin();
    const gate = installGuarded({ maxConcurrent: 10 });
    const calls = Array.from({ length: 50 }, () => gate.fetch("/main/x"));
    await origin.arrived(10);
    const busy = await Promise.all(calls.slice(10));
    expect(busy.map((response) => response.status)).toEqual(Array(40).fill(503));
    expect(busy[0]?.headers.get("retry-after")).toBe("1");
    expect(await problemOf(busy[0] ?? new Response())).toMatchObject({ code: "origin_busy", status: 503 });
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 503, reason: "origin_busy" });
    expect(origin.seen).toEqual({ inFlight: 10, most: 10, calls: 10 });
    origin.answer();
    const answered = await Promise.all(calls.slice(0, 10));
    expect(answered.map((response) => response.status)).toEqual(Array(10).fill(200));
    for (const response of answered) expect(await response.text()).toBe("done");
    await gate.settled();
    const more = Array.from({ length: 10 }, () => gate.fetch("/main/x"));
    await origin.arrived(20);
    origin.answer();
    for (const response of await Promise.all(more)) expect(await response.text()).toBe("done");
    expect(origin.seen.most).toBe(10);
  });

  it("who is turned away stays charged: no caller can ask a busy origin without end and for nothing", async () => {
    const origin = slowOrigin();
    const config = guardedConfig({ main: { maxConcurrent: 1 } });
    const paid = { algorithm: "bucket", burst: 3, refill: 1, intervalSeconds: 86_400, key: "route" } as const;
    config.limits = { ...config.limits, paid };
    config.routes.push({ path: "/paid", methods: ["GET"], origin: "main", public: true, limits: ["paid"] });
    const gate = install({ config });
    const first = gate.fetch("/paid");
    await origin.arrived(1);
    const statuses: number[] = [];
    for (let at = 0; at < 4; at++) statuses.push((await gate.fetch("/paid")).status);
    expect(statuses).toEqual([503, 503, 429, 429]);
    origin.answer();
    expect((await first).status).toBe(200);
  });

  it("another origin, and the same one in another isolate, have places of their own", async () => {
    const origin = slowOrigin();
    const [one, other] = [installGuarded({ maxConcurrent: 1 }), installGuarded({ maxConcurrent: 1 })];
    const calls = [one.fetch("/main/x"), one.fetch("/public/health"), other.fetch("/main/x")];
    await origin.arrived(2);
    expect((await one.fetch("/main/x")).status).toBe(503);
    origin.answer();
    expect(await Promise.all(calls.map(async (call) => (await call).status))).toEqual([200, 503, 200]);
  });

  it("an origin that asks for nothing has no guard, and its calls carry no signal", async () => {
    const gate = installGuarded({});
    expect(gate.authorizer.gateway.guards.size).toBe(0);
    expect(await (await gate.fetch("/main/x")).json()).toEqual({ from: "origin" });
    expect(vi.mocked(fetch).mock.calls.at(-1)?.[1]).not.toHaveProperty("signal");
  });

  it("a call counts until its body has ended, not until it has begun", async () => {
    const gate = installGuarded({ maxConcurrent: 1 });
    const source = handFed();
    network.origin(() => new Response(source.stream, { headers: { "x-mine": "yes" } }));
    const response = await gate.fetch("/main/x");
    expect([response.status, response.headers.get("x-mine")]).toEqual([200, "yes"]);
    expect((await gate.fetch("/main/x")).status).toBe(503);
    const reader = response.body?.getReader();
    source.send("first");
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first");
    expect((await gate.fetch("/main/x")).status).toBe(503);
    source.end();
    expect((await reader?.read())?.done).toBe(true);
    await gate.settled();
    network.origin(() => new Response("next"));
    expect(await (await gate.fetch("/main/x")).text()).toBe("next");
  });

  it("a stated length stays; an encoded body's does not", async () => {
    const gate = installGuarded({ maxConcurrent: 1 });
    network.origin(() => new Response("12345", { headers: { "content-length": "5" } }));
    expect(await (await gate.fetch("/main/x")).text()).toBe("12345");
    await gate.settled();
    network.origin(() => new Response("1234567", { headers: { "content-length": "5", "content-encoding": "gzip" } }));
    expect(await (await gate.fetch("/main/x")).text()).toBe("1234567");
  });
});

describe("a place that is taken is given back once, whatever becomes of the call", () => {
  /** Does `call` in an isolate with one place, and then takes that place again. */
  async function expectGivenBack(
    call: (gate: ReturnType<typeof installGuarded>) => Promise<unknown>,
    timeoutMs = 60_000,
  ) {
    const gate = installGuarded({ maxConcurrent: 1, timeoutMs });
    await call(gate);
    await gate.settled();
    network.origin(() => new Response("well"));
    const responses = await Promise.all([gate.fetch("/main/x"), gate.fetch("/main/x")]);
    expect(
      responses.map((response) => response.status),
      "one place, not none and not two",
    ).toEqual([200, 503]);
    expect(await responses[0]?.text()).toBe("well");
  }

  it("the origin is down", () =>
    expectGivenBack(async (gate) => {
      network.origin(() => Promise.reject(new TypeError("refused")));
      expect((await gate.fetch("/main/x")).status).toBe(502);
    }));

  it("the origin never answers: the call is aborted at the deadline", async () => {
    let aborted = false;
    await expectGivenBack(async (gate) => {
      network.origin((request) => {
        request.signal.addEventListener("abort", () => {
          aborted = true;
        });
        return new Promise(() => {});
      });
      const response = await gate.fetch("/main/x");
      expect(response.status).toBe(504);
      expect(await problemOf(response)).toMatchObject({ code: "origin_timeout" });
    }, 20);
    expect(aborted).toBe(true);
  });

  it("the origin dies in the middle of its body", () =>
    expectGivenBack(async (gate) => {
      const source = handFed();
      network.origin(() => new Response(source.stream));
      const response = await gate.fetch("/main/x");
      source.send("some");
      source.fail();
      await expect(response.text()).rejects.toThrow();
    }));

  it("the caller stops reading", async () => {
    const source = handFed();
    await expectGivenBack(async (gate) => {
      network.origin(() => new Response(source.stream));
      const response = await gate.fetch("/main/x");
      source.send("some");
      await response.body?.cancel();
    });
    expect(source.state.cancelled).toBe(true);
  });

  it.each([204, 205, 304])("%d, which has no body", (status) =>
    expectGivenBack(async (gate) => {
      network.origin(() => new Response(null, { status }));
      expect((await gate.fetch("/main/x")).status).toBe(status);
    }),
  );

  it("HEAD", () =>
    expectGivenBack(async (gate) => {
      network.origin(() => new Response(null));
      expect((await gate.fetch("/main/x", { method: "HEAD" })).status).toBe(200);
    }));

  it.each([101, 500, 503, 600])("%d, whose body nobody is given", async (status) => {
    const source = handFed();
    await expectGivenBack(async (gate) => {
      network.origin(() => Object.defineProperty(new Response(source.stream), "status", { value: status }));
      expect((await gate.fetch("/main/x")).status).toBeGreaterThanOrEqual(500);
    });
    expect(source.state.cancelled).toBe(true);
  });

  it("the request's body is too large", () =>
    expectGivenBack(async (gate) => {
      network.origin(async (request) => new Response(await request.text()));
      const body = handFed();
      body.send("x".repeat(2 * 1024 * 1024));
      body.end();
      expect((await gate.fetch("/main/x", { method: "POST", body: body.stream })).status).toBe(413);
    }));

  it("a usual body is taken off the origin, however slowly the caller reads", () =>
    expectGivenBack(async (gate) => {
      network.origin(() => new Response("x".repeat(60_000)));
      expect((await gate.fetch("/main/x")).status).toBe(200);
    }));

  it("a body that is never read holds its place until it is let go, and no longer", async () => {
    const gate = installGuarded({ maxConcurrent: 1 });
    const source = handFed();
    network.origin(() => new Response(source.stream));
    const response = await gate.fetch("/main/x");
    for (let call = 0; call < 5; call++) expect((await gate.fetch("/main/x")).status).toBe(503);
    await response.body?.cancel();
    await gate.settled();
    network.origin(() => new Response("well"));
    expect(await (await gate.fetch("/main/x")).text()).toBe("well");
  });

  it("a caller who takes nothing of a body that waits loses its place, and the rest of the body", async () => {
    const gate = installGuarded({ maxConcurrent: 1, readerIdleSeconds: 1 });
    network.origin(() => new Response("x".repeat(200_000)));
    const asleep = await gate.fetch("/main/x");
    expect((await gate.fetch("/main/x")).status).toBe(503);
    network.origin(() => new Response("well"));
    await expect.poll(async () => (await gate.fetch("/main/x")).status, { timeout: 30_000 }).toBe(200);
    await expect(asleep.text()).rejects.toThrow("takes nothing");
  });
});
