import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import type { IssuerReader } from "../../src/ports/issuer_reader.ts";
import type { FeedEntry } from "../../src/protocol/edge_feed.ts";
import { type Breakable, breakable } from "../support/breakable.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { keyCopies, storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { type Heard, openSocket, PAGE, socketConfig, socketOrigin, until } from "../support/websockets.ts";

const START = Date.parse("2026-11-20T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
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

/** A gate, and one WebSocket through it with both of its ends. */
async function opened(wishes: Parameters<typeof socketConfig>[0] = {}, headers?: Record<string, string>, path = "/ws") {
  const ends = socketOrigin(network);
  const gate = install({ config: socketConfig(wishes) });
  const caller = await openSocket(gate, path, headers ?? bearer(await token(ring)));
  const [origin] = ends;
  if (origin === undefined) throw new Error("the origin was not asked");
  return { gate, caller, origin };
}

const announce = (entry: Omit<FeedEntry, "untilMs" | "epoch"> & { epoch?: number }) =>
  need(readBindings(env), "EDGE_FEED")
    .getByName("one")
    .append([{ epoch: 1, untilMs: START + 3_600_000, ...entry }]);

/** Lets time go by in small steps until `end` has heard its close; gives how long that took. */
async function msUntilClosed(end: Heard, atMostMs: number): Promise<number> {
  let isClosed = false;
  void end.closed.then(() => {
    isClosed = true;
  });
  for (let passedMs = 0; passedMs <= atMostMs; passedMs += 250) {
    await vi.advanceTimersByTimeAsync(250);
    await settle();
    if (isClosed) return passedMs + 250;
  }
  throw new Error(`still open after ${atMostMs} ms`);
}

/** Lets the runtime deliver what is on its way: one round trip over a pair of our own. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    const { 0: one, 1: other } = new WebSocketPair();
    one.accept();
    other.accept();
    const heard = new Promise((resolve) => other.addEventListener("message", resolve));
    one.send("x");
    await heard;
    one.close();
  }
}

describe("messages", () => {
  it("pass both ways, in order, texts as texts and bytes as bytes", async () => {
    const { caller, origin } = await opened();
    caller.socket.send("one");
    caller.socket.send(new Uint8Array([1, 2, 3]));
    caller.socket.send("");
    origin.socket.send("zwei ✓");
    await until(() => origin.messages.length === 3 && caller.messages.length === 1);
    expect([origin.messages[0], origin.messages[2], caller.messages[0]]).toEqual(["one", "", "zwei ✓"]);
    expect(new Uint8Array(origin.messages[1] as ArrayBuffer)).toEqual(new Uint8Array([1, 2, 3]));
    caller.socket.close(1000);
    await origin.closed;
    expect(logs.events("stream_closed")).toMatchObject([
      {
        kind: "websocket",
        reason: "caller_closed",
        bytes_to_origin: 6,
        bytes_to_caller: 8,
        messages: 4,
        route: "GET /ws",
      },
    ]);
    expect(logs.events("stream_closed")[0]?.request_id).toBe(logs.lastDecision.request_id);
  });

  it("RFC 6455 7.4: codes and reasons of one side reach the other, and a frame without a code stays one", async () => {
    for (const [code, reason] of [
      [1000, ""],
      [1001, "away"],
      [1011, "oh"],
      [3000, "x"],
      [4999, "mine"],
    ] as const) {
      const first = await opened();
      first.caller.socket.close(code, reason);
      expect(await first.origin.closed).toEqual([code, reason]);
      const second = await opened();
      second.origin.socket.close(code, reason);
      expect(await second.caller.closed).toEqual([code, reason]);
    }
    const { caller, origin } = await opened();
    caller.socket.close();
    expect((await origin.closed)[0]).toBe(1005);
  });

  it("a message that is too big ends it with 1009, in bytes and not in characters; one that just fits passes", async () => {
    for (const message of ["x".repeat(9), "✓✓✓", new Uint8Array(9)]) {
      const { caller, origin } = await opened({ maxMessageBytes: 8 });
      caller.socket.send("x".repeat(8));
      caller.socket.send(message);
      expect(await caller.closed).toEqual([1009, "message too big"]);
      expect(await origin.closed).toEqual([1009, "message too big"]);
      expect(origin.messages).toEqual(["xxxxxxxx"]);
    }
    const { caller, origin } = await opened({ maxMessageBytes: 8 });
    origin.socket.send("x".repeat(9));
    expect((await caller.closed)[0]).toBe(1009);
    expect(caller.messages).toEqual([]);
    expect(logs.events("stream_closed").at(-1)).toMatchObject({ reason: "message_too_big" });
  });

  it("no more than `maxBytes` is queued for a side that may not read: both are let go", async () => {
    const { caller, origin } = await opened({ maxBytes: 30 });
    for (let count = 0; count < 4; count++) origin.socket.send("0123456789");
    expect(await caller.closed).toEqual([1008, "too much sent"]);
    expect(caller.messages).toHaveLength(3);
  });
});

describe("a connection ends", () => {
  it("when its token expires, at both ends, and says so to the log alone", async () => {
    const { caller, origin } = await opened({}, bearer(await token(ring, { exp: START / 1000 + 60 })));
    await vi.advanceTimersByTimeAsync(59_000);
    caller.socket.send("still here");
    await until(() => origin.messages.length === 1);
    expect(await msUntilClosed(caller, 2_000)).toBeLessThanOrEqual(1_250);
    expect(await caller.closed).toEqual([3000, "credential ended"]);
    expect(await origin.closed).toEqual([3000, "credential ended"]);
    expect(logs.events("stream_closed")).toMatchObject([
      { reason: "credential_ended", credential_reason: "token_expired", principal: "client" },
    ]);
  });

  it.each(["token", "client"] as const)("within the bound when the feed tells of its %s", async (kind) => {
    const jti = crypto.randomUUID();
    const clientId = `cli_${crypto.randomUUID()}`;
    const { caller } = await opened({}, bearer(await token(ring, { jti, client_id: clientId, sub: clientId })));
    await vi.advanceTimersByTimeAsync(20_000);
    await announce({ kind, id: { token: jti, client: clientId }[kind], epoch: 9 });
    // 3 seconds of the feed, 2 of the watch, and the steps of this clock.
    expect(await msUntilClosed(caller, 5_500)).toBeLessThanOrEqual(5_500);
    expect(await caller.closed).toEqual([3000, "credential ended"]);
    expect(logs.events("stream_closed")[0]?.credential_reason).toMatch(/_revoked$/);
  });

  it("of others it hears nothing", async () => {
    const { caller, origin } = await opened();
    await announce({ kind: "token", id: "another" });
    await vi.advanceTimersByTimeAsync(60_000);
    caller.socket.send("still here");
    await until(() => origin.messages.length === 1);
    caller.socket.close(1000);
  });

  it("when its API key is taken away, or may no longer do what the route asks; a look is no use of the key", async () => {
    for (const change of [{ disabled: true }, { scopes: ["orders:write"] }]) {
      const issued = await storedKey();
      const { caller, gate } = await opened({}, { "x-api-key": issued.key });
      const note = vi.spyOn(gate.authorizer.gateway.gate.keyUses, "note");
      await vi.advanceTimersByTimeAsync(10_000);
      expect(note).not.toHaveBeenCalled();
      await keyCopies().put(issued.hash, { ...issued.record, ...change, epoch: 2 });
      await announce({ kind: "api_key", id: issued.hash, epoch: 2 });
      await msUntilClosed(caller, 6_000);
      expect(await caller.closed).toEqual([3000, "credential ended"]);
    }
    expect(logs.events("stream_closed").map((line) => line.credential_reason)).toEqual([
      "api_key_disabled",
      "scope_missing",
    ]);
  });

  it("what others fail at its address does not end it", async () => {
    const { gate, caller, origin } = await opened();
    const { failures } = gate.authorizer.gateway.gate;
    vi.spyOn(failures, "waitSeconds").mockReturnValue(60);
    await vi.advanceTimersByTimeAsync(30_000);
    caller.socket.send("still here");
    await until(() => origin.messages.length === 1);
    caller.socket.close(1000);
  });

  it("with 1013 while nobody can say whether its credential holds: it fails closed, as the route's calls do", async () => {
    let reader: Breakable<IssuerReader> | undefined;
    const ends = socketOrigin(network);
    const gate = install({
      config: socketConfig(),
      reader: (real) => {
        reader = breakable(real);
        return reader.binding;
      },
    });
    const caller = await openSocket(gate, "/ws", bearer(await token(ring)));
    if (reader) reader.health = "failing";
    await msUntilClosed(caller, 8_000);
    expect(await caller.closed).toEqual([1013, "try again later"]);
    expect(await ends[0]?.closed).toEqual([1013, "try again later"]);
    expect(logs.events("stream_closed")).toMatchObject([
      { reason: "credential_unchecked", credential_reason: "edge_feed_stale" },
    ]);
  });

  it("after `maxSeconds`, however busy it is; after `idleSeconds` of silence, and not before", async () => {
    const busy = await opened({ maxSeconds: 30, idleSeconds: 10 });
    for (let second = 0; second < 29; second++) {
      busy.caller.socket.send("tick");
      await until(() => busy.origin.messages.length === second + 1);
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await msUntilClosed(busy.caller, 2_000);
    expect(await busy.caller.closed).toEqual([3008, "open for too long"]);
    const silent = await opened({ idleSeconds: 10 });
    await vi.advanceTimersByTimeAsync(6_000);
    silent.origin.socket.send("one word");
    await until(() => silent.caller.messages.length === 1);
    await vi.advanceTimersByTimeAsync(9_000);
    expect(logs.events("stream_closed")).toHaveLength(1);
    await msUntilClosed(silent.caller, 2_000);
    expect(await silent.caller.closed).toEqual([3008, "idle"]);
  });

  it("not with its credential where the route says so, and then not for a feed that is out", async () => {
    const { caller, origin } = await opened(
      { closeWithCredential: false, maxSeconds: 600 },
      bearer(await token(ring, { exp: START / 1000 + 10 })),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    caller.socket.send("still here");
    await until(() => origin.messages.length === 1);
    caller.socket.close(1000);
    await origin.closed;
  });

  it("leaves no timer behind, whoever ends it", async () => {
    for (const side of ["caller", "origin"] as const) {
      const both = await opened();
      both[side].socket.close(1000);
      await both[side === "caller" ? "origin" : "caller"].closed;
      await both.gate.settled();
    }
    // The deadline of the call to the origin runs out by itself.
    await vi.advanceTimersByTimeAsync(2_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("`relay: platform`", () => {
  it("is authorised in the same way, passes messages, and outlives its token", async () => {
    const { caller, origin } = await opened(
      { relay: "platform" },
      { ...bearer(await token(ring, { exp: START / 1000 + 10 })), origin: PAGE },
    );
    await vi.advanceTimersByTimeAsync(60_000);
    caller.socket.send("still here");
    await until(() => origin.messages.length === 1);
    caller.socket.close(4000, "enough");
    expect(await origin.closed).toEqual([4000, "enough"]);
    expect(logs.events("stream_closed")).toEqual([]);
  });
});
