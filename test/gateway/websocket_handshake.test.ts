import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { installGuarded } from "../support/guarded.ts";
import { type Installation, install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";
import { askSocket, openSocket, PAGE, socketConfig, socketOrigin } from "../support/websockets.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;
let good: string;

beforeAll(async () => {
  ring = await ringKey();
  good = await token(ring);
});

const gateWith = (...wishes: Parameters<typeof socketConfig>): Installation =>
  install({ config: socketConfig(...wishes) });

/** Refused with `code`, and the origin never asked. */
async function expectRefused(answer: Promise<Response>, status: number, code: string, reason: string) {
  const response = await answer;
  expect([response.status, (await problemOf(response)).code]).toEqual([status, code]);
  expect(logs.lastDecision).toMatchObject({ outcome: "denied", status, reason });
  expect(network.originCalls).toEqual([]);
  return response;
}

describe("who may open a WebSocket", () => {
  it("a program with a token; the origin is told who it is, and gets no token", async () => {
    const [ends, gate] = [socketOrigin(network), gateWith()];
    const caller = await openSocket(gate, "/ws", bearer(good));
    caller.socket.send("hello");
    expect(ends).toHaveLength(1);
    const [asked] = network.originCalls;
    expect([asked?.method, asked?.headers.get("upgrade")]).toEqual(["GET", "websocket"]);
    expect(asked?.headers.get("sallyport-identity")).toMatch(/^ey/);
    expect(asked?.headers.has("authorization")).toBe(false);
    expect(logs.lastDecision).toMatchObject({ outcome: "allowed", status: 101, reason: null, principal: "client" });
    caller.socket.close(1000);
  });

  it("nobody without a credential, with a foreign one, with an expired one or without the scope", async () => {
    const gate = gateWith();
    await expectRefused(askSocket(gate, "/ws"), 401, "unauthenticated", "no_credential");
    await expectRefused(askSocket(gate, "/ws", bearer("a.b.c")), 401, "invalid_token", "token_malformed");
    const old = await token(ring, { exp: 1_600_000_000, iat: 1_500_000_000 });
    await expectRefused(askSocket(gate, "/ws", bearer(old)), 401, "token_expired", "token_expired");
    const poor = await token(ring, { scope: "orders:write" });
    await expectRefused(askSocket(gate, "/ws", bearer(poor)), 403, "insufficient_scope", "scope_missing");
  });

  it("a page of a listed origin, and of no other one: cross-site WebSocket hijacking", async () => {
    const gate = gateWith();
    for (const origin of [
      "https://evil.test",
      "null",
      "https://app.example.evil.test",
      "http://app.example",
      `${PAGE}, ${PAGE}`,
    ]) {
      for (const path of ["/ws", "/ws/public"]) {
        const answer = askSocket(gate, path, { ...bearer(good), origin });
        await expectRefused(answer, 403, "origin_not_allowed", "web_origin_not_listed");
      }
    }
    const ends = socketOrigin(network);
    (await openSocket(gate, "/ws", { ...bearer(good), origin: PAGE })).socket.close(1000);
    (await openSocket(gate, "/ws/public", { origin: PAGE })).socket.close(1000);
    expect(ends).toHaveLength(2);
  });

  it("two Origin fields are nobody's", async () => {
    const headers = [
      ["upgrade", "websocket"],
      ["origin", PAGE],
      ["origin", PAGE],
      ...Object.entries(bearer(good)),
    ] as const;
    await expectRefused(
      gateWith().fetch("/ws", { headers: headers.map(([n, v]) => [n, v] as const) }),
      403,
      "origin_not_allowed",
      "web_origin_not_listed",
    );
  });

  it("nobody's page where none is listed; those of the route's CORS where they are listed there", async () => {
    const route = { path: "/ws/cors", methods: ["GET" as const], origin: "main", webSocket: {} };
    const none = gateWith({}, { routes: [route] });
    await expectRefused(
      askSocket(none, "/ws/cors", { ...bearer(good), origin: PAGE }),
      403,
      "origin_not_allowed",
      "web_origin_not_listed",
    );
    const ends = socketOrigin(network);
    const some = gateWith({}, { routes: [{ ...route, cors: { origins: [PAGE] } }] });
    (await openSocket(some, "/ws/cors", { ...bearer(good), origin: PAGE })).socket.close(1000);
    expect(ends).toHaveLength(1);
  });

  it("where cookies pass to the origin a call with one has to say its web origin", async () => {
    const route = {
      path: "/ws/cookies",
      methods: ["GET" as const],
      origin: "main",
      public: true,
      cookies: ["sid"],
      webSocket: { origins: [PAGE] },
    };
    const gate = gateWith({}, { routes: [route] });
    await expectRefused(
      askSocket(gate, "/ws/cookies", { cookie: "sid=1" }),
      403,
      "origin_not_allowed",
      "web_origin_missing",
    );
    socketOrigin(network);
    (await openSocket(gate, "/ws/cookies", { cookie: "sid=1", origin: PAGE })).socket.close(1000);
    expect(network.originCalls.at(-1)?.headers.get("cookie")).toBe("sid=1");
  });
});

describe("credentials among the subprotocols", () => {
  it.each(["bearer", "key"])(
    "a browser's credential (%s) is taken from there, and reaches neither origin nor log nor answer",
    async (kind) => {
      const credential = kind === "bearer" ? good : (await storedKey({ kind: "publishable" })).key;
      socketOrigin(network, { "sec-websocket-protocol": "chat.v2" });
      const offer = `chat.v1, sallyport.${kind}.${credential}, chat.v2`;
      const response = await askSocket(gateWith(), "/ws", { origin: PAGE, "sec-websocket-protocol": offer });
      expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, "chat.v2"]);
      const sent = [...(network.originCalls[0]?.headers ?? [])];
      expect(sent).toContainEqual(["sec-websocket-protocol", "chat.v1, chat.v2"]);
      for (const text of [...sent, ...response.headers, ...logs.lines].map(String))
        expect(text).not.toContain(credential);
      response.webSocket?.accept();
      response.webSocket?.close(1000);
    },
  );

  it("the gate's own name is chosen where the origin chooses none, and nothing is offered to it", async () => {
    socketOrigin(network);
    const response = await askSocket(gateWith(), "/ws", {
      "sec-websocket-protocol": `sallyport, sallyport.bearer.${good}`,
    });
    expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, "sallyport"]);
    expect(network.originCalls[0]?.headers.has("sec-websocket-protocol")).toBe(false);
    response.webSocket?.accept();
    response.webSocket?.close(1000);
  });

  it("an offer without a credential is negotiated as it is; none chosen is none told", async () => {
    socketOrigin(network);
    const response = await askSocket(gateWith(), "/ws/public", { "sec-websocket-protocol": "mqtt, amqp" });
    expect([response.status, response.headers.has("sec-websocket-protocol")]).toEqual([101, false]);
    expect(network.originCalls[0]?.headers.get("sec-websocket-protocol")).toBe("mqtt, amqp");
    response.webSocket?.accept();
    response.webSocket?.close(1000);
  });

  it.each([
    ["beside a header", { authorization: "", "sec-websocket-protocol": "" }, "two_credentials"],
    ["two of them", { "sec-websocket-protocol": "sallyport.bearer.b.b.b" }, "two_credentials"],
  ])("RFC 6750 2: %s, it is refused whatever the credentials say", async (_, extra, reason) => {
    const offer = `sallyport.bearer.${good}`;
    const headers: Record<string, string> =
      "authorization" in extra
        ? { ...bearer(good), "sec-websocket-protocol": offer }
        : { "sec-websocket-protocol": `${offer}, ${extra["sec-websocket-protocol"]}` };
    await expectRefused(askSocket(gateWith(), "/ws", headers), 400, "ambiguous_credentials", reason);
  });

  it.each(["Sallyport.bearer.x", "sallyport.token.x", "SALLYPORT", "a b", "a,,b", "chat, chat", ""])(
    "an offer that is malformed or misspelt goes nowhere: %s",
    async (offer) => {
      const headers = { ...bearer(good), "sec-websocket-protocol": offer };
      await expectRefused(askSocket(gateWith(), "/ws", headers), 400, "upgrade_refused", "subprotocols_malformed");
    },
  );

  it("on other routes no such field reaches the origin, and none is a credential", async () => {
    const field = { "sec-websocket-protocol": `sallyport.bearer.${good}` };
    await expectRefused(gateWith().fetch("/whoami", { headers: field }), 401, "unauthenticated", "no_credential");
    await gateWith().fetch("/public/health", { headers: field });
    expect([...(network.originCalls[0]?.headers.keys() ?? [])].filter((name) => name.startsWith("sec-"))).toEqual([]);
  });
});

describe("what is no WebSocket", () => {
  it("an upgrade on a route without one is refused; of other protocols none is spoken (RFC 9110 7.8)", async () => {
    for (const upgrade of ["websocket", "WebSocket", "h2c, websocket"]) {
      await expectRefused(
        gateWith().fetch("/whoami", { headers: { ...bearer(good), upgrade } }),
        400,
        "upgrade_refused",
        "upgrade_not_taken",
      );
    }
    expect((await gateWith().fetch("/whoami", { headers: { ...bearer(good), upgrade: "h2c" } })).status).toBe(200);
  });

  it("RFC 9110 15.5.22: a call that asks for none is told to", async () => {
    const response = await expectRefused(
      gateWith().fetch("/ws", { headers: bearer(good) }),
      426,
      "upgrade_required",
      "upgrade_missing",
    );
    expect(response.headers.get("upgrade")).toBe("websocket");
    const other = askSocket(gateWith(), "/ws", { ...bearer(good), "sec-websocket-version": "8" });
    expect(
      (await expectRefused(other, 426, "upgrade_required", "websocket_version")).headers.get("sec-websocket-version"),
    ).toBe("13");
  });

  it.each([
    [403, 403, null],
    [200, 502, "upgrade_failed"],
    [302, 502, "upgrade_failed"],
    [500, 500, null],
  ])("an origin that answers %i: the caller gets %i", async (told, status, reason) => {
    network.origin(() => new Response("no", { status: told, headers: told === 302 ? { location: "/" } : {} }));
    const response = await askSocket(gateWith(), "/ws", bearer(good));
    expect([response.status, response.webSocket]).toEqual([status, null]);
    expect(logs.lastDecision).toMatchObject({ status, reason });
  });

  it("an origin that chooses what was not offered is hung up on, an unreachable one is 502", async () => {
    const ends = socketOrigin(network, { "sec-websocket-protocol": "other" });
    const headers = { ...bearer(good), "sec-websocket-protocol": "chat" };
    expect((await askSocket(gateWith(), "/ws", headers)).status).toBe(502);
    expect(await ends[0]?.closed).toEqual([1002, "subprotocol not offered"]);
    network.origin(() => Promise.reject(new TypeError("refused")));
    expect((await askSocket(gateWith(), "/ws", headers)).status).toBe(502);
    expect(logs.lastDecision).toMatchObject({ reason: "origin_unreachable" });
  });

  it("a route without one still takes no 101 of an origin", async () => {
    socketOrigin(network);
    expect((await gateWith().fetch("/whoami", { headers: bearer(good) })).status).toBe(502);
  });
});

describe("with a guard before the origin", () => {
  it("an upgrade is never made again, where a call is", async () => {
    network.origin(() => new Response("busy", { status: 503 }));
    const origin = { retries: { backoffMs: 1, maxBackoffMs: 2 } };
    expect((await askSocket(gateWith({}, { origin }), "/ws", bearer(good))).status).toBe(503);
    expect(network.originCalls).toHaveLength(1);
    await installGuarded(origin).fetch("/main/x");
    expect(network.originCalls.length).toBeGreaterThan(2);
  });

  it("a WebSocket holds its place until it ends, and gives it back once", async () => {
    const ends = socketOrigin(network);
    const gate = gateWith({}, { origin: { maxConcurrent: 1 } });
    for (let turn = 0; turn < 3; turn++) {
      const caller = await openSocket(gate, "/ws", bearer(good));
      expect((await askSocket(gate, "/ws", bearer(good))).status).toBe(503);
      if (turn === 1) ends.at(-1)?.socket.close(1000);
      else caller.socket.close(1000);
      await (turn === 1 ? caller : ends.at(-1))?.closed;
      await gate.settled();
    }
    network.origin(() => new Response("no", { status: 403 }));
    for (let turn = 0; turn < 3; turn++) {
      const refused = await askSocket(gate, "/ws", bearer(good));
      expect([refused.status, await refused.text()]).toEqual([403, "no"]);
      await gate.settled();
    }
  });
});
