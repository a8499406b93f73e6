import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { handFed } from "../support/guarded.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const START = Date.parse("2026-11-21T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
const decoder = new TextDecoder();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"], now: START });
});
afterEach(() => {
  vi.useRealTimers();
});

type Stream = NonNullable<ConfigInput["routes"][number]["stream"]>;

/** A gate with the route `/events`, and a call to it whose origin answers with a body that the test feeds. */
async function opened(
  stream: Stream = {},
  { claims = {}, type = "text/event-stream", headers = {}, origin = {} } = {},
) {
  const config = gatewayConfig();
  const { main } = config.origins;
  if (main === undefined) throw new Error("the test installation has an origin `main`");
  const source = handFed();
  network.origin(() => new Response(source.stream, { headers: { "content-type": type, ...headers } }));
  const gate = install({
    config: {
      ...config,
      origins: { ...config.origins, main: { ...main, ...origin } },
      routes: [...config.routes, { path: "/events", methods: ["GET"], origin: "main", stream }],
    },
  });
  const response = await gate.fetch("/events", { headers: bearer(await token(ring, claims)) });
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error("there is no body");
  const next = async () => {
    const { done, value } = await reader.read();
    return done ? null : decoder.decode(value);
  };
  return { gate, source, response, reader, next };
}

const EXPIRING = { exp: START / 1000 + 60 };
const END = 'event: sallyport-end\ndata: {"reason":"credential_ended"}\n\n';

describe("a stream of events", () => {
  it("passes chunk by chunk, and ends as its origin ends it", async () => {
    const { source, next, response } = await opened();
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    source.send("data: 1\n\n");
    expect(await next()).toBe("data: 1\n\n");
    source.send("data: 2\n\n");
    expect(await next()).toBe("data: 2\n\n");
    source.end();
    expect(await next()).toBe(null);
    expect(logs.events("stream_closed")).toMatchObject([
      { kind: "response", reason: "origin_closed", bytes_to_caller: 18, request_id: logs.lastDecision.request_id },
    ]);
    // The deadline of the call to the origin runs out by itself.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each(["", "data: 1\n\n", "data: 1\r\n\r\n", "data: 1\r\r", ": hello\n\n"])(
    "ends with an event of the gate when its token does, between two events (%j)",
    async (sent) => {
      const { source, next } = await opened({}, { claims: EXPIRING });
      if (sent !== "") {
        source.send(sent);
        await next();
      }
      const last = next();
      await vi.advanceTimersByTimeAsync(61_000);
      expect(await last).toBe(END);
      expect(await next()).toBe(null);
      expect(source.state.cancelled).toBe(true);
      expect(logs.events("stream_closed")).toMatchObject([
        { reason: "credential_ended", credential_reason: "token_expired" },
      ]);
    },
  );

  it.each(["data: 1", "data: 1\n", "data: 1\r\n", "data: 1\n\ndata: 2\r"])(
    "is broken off where an event has begun, which nobody then takes for a whole one (%j)",
    async (sent) => {
      const { source, next } = await opened({}, { claims: EXPIRING });
      source.send(sent);
      await next();
      const last = next();
      const broken = expect(last).rejects.toThrow("ended by the gate: credential_ended");
      await vi.advanceTimersByTimeAsync(61_000);
      await broken;
      expect(source.state.cancelled).toBe(true);
    },
  );

  it("ends within the bound when its token is revoked", async () => {
    const jti = crypto.randomUUID();
    const { next } = await opened({}, { claims: { jti } });
    const last = next();
    await vi.advanceTimersByTimeAsync(10_000);
    const entry = { kind: "token" as const, id: jti, epoch: 1, untilMs: START + 3_600_000 };
    await need(readBindings(env), "EDGE_FEED").getByName("one").append([entry]);
    // 3 seconds of the feed and 2 of the watch.
    for (let step = 0; step < 22; step++) await vi.advanceTimersByTimeAsync(250);
    expect(await last).toBe(END);
    expect(logs.events("stream_closed")).toMatchObject([{ credential_reason: "token_revoked" }]);
  });

  it("ends after `maxSeconds`, also where its credential does not matter", async () => {
    const { next } = await opened({ closeWithCredential: false, maxSeconds: 90 }, { claims: EXPIRING });
    const last = next();
    await vi.advanceTimersByTimeAsync(89_000);
    expect(logs.events("stream_closed")).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await last).toBe('event: sallyport-end\ndata: {"reason":"time_is_up"}\n\n');
  });
});

describe("any other body", () => {
  it("is broken off when its token ends: no part of it is taken for the whole", async () => {
    const { source, next } = await opened({}, { claims: EXPIRING, type: "application/x-ndjson" });
    source.send("{}\n\n");
    await next();
    const broken = expect(next()).rejects.toThrow("ended by the gate");
    await vi.advanceTimersByTimeAsync(61_000);
    await broken;
  });

  it("keeps its stated length, and ends whole", async () => {
    const { source, next, response } = await opened({}, { type: "text/plain", headers: { "content-length": "4" } });
    source.send("four");
    source.end();
    expect([response.headers.get("content-length"), await next(), await next()]).toEqual(["4", "four", null]);
  });

  it("that its origin breaks off is broken off for the caller", async () => {
    const { source, next } = await opened({}, { type: "text/plain" });
    source.send("a part");
    await next();
    const broken = expect(next()).rejects.toThrow();
    source.fail();
    await broken;
    expect(logs.events("stream_closed")).toMatchObject([{ reason: "origin_lost" }]);
  });
});

describe("callers", () => {
  it("who hang up end the origin's body, and leave no timer", async () => {
    const { reader, source } = await opened();
    await reader.cancel();
    expect(source.state.cancelled).toBe(true);
    expect(logs.events("stream_closed")).toMatchObject([{ reason: "caller_closed" }]);
    // The deadline of the call to the origin runs out by itself.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("who take nothing hold their origin back, and are given up after `idleSeconds`; a silent origin is none of their doing", async () => {
    const { source, next } = await opened({ idleSeconds: 5 });
    const first = next();
    await vi.advanceTimersByTimeAsync(60_000);
    source.send("data: 1\n\n");
    expect(await first).toBe("data: 1\n\n");
    source.send("data: 2\n\n");
    await vi.advanceTimersByTimeAsync(4_000);
    expect(source.state.cancelled).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(source.state.cancelled).toBe(true);
    await expect(next()).rejects.toThrow("caller_idle");
  });

  it("whose body ends give their place at a guarded origin back, once", async () => {
    for (const ending of ["credential", "origin"] as const) {
      const { gate, source, next } = await opened({}, { claims: EXPIRING, origin: { maxConcurrent: 1 } });
      const headers = bearer(await token(ring));
      expect((await gate.fetch("/whoami", { headers })).status).toBe(503);
      const last = next();
      if (ending === "origin") source.end();
      else await vi.advanceTimersByTimeAsync(61_000);
      await last;
      network.origin(() => Response.json({}));
      for (let turn = 0; turn < 2; turn++) {
        const again = await gate.fetch("/whoami", { headers });
        expect([again.status, await again.text()]).toEqual([200, "{}"]);
        await vi.advanceTimersByTimeAsync(0);
      }
      vi.setSystemTime(START);
    }
  });
});
