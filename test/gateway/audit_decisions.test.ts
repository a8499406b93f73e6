import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { DeploymentFault } from "../../src/bindings.ts";
import { isSampled } from "../../src/protocol/audit_event.ts";
import { auditedConfig, memoryQueue } from "../support/audit_trail.ts";
import { gateWith, hurried, present } from "../support/audited_gate.ts";
import { eventually } from "../support/eventually.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { ORIGIN_URL } from "../support/gateway_config.ts";
import { install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("which decisions are recorded", () => {
  it("`all`: one event for each call, with who, what, where and how it ended", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    const { key, record } = await storedKey();
    const allowed = await gate.fetch("/orders?page=2", present(key));
    const denied = await gate.fetch("/orders", present((await storedKey({ scopes: [] })).key));
    const nobody = await gate.fetch("/orders");
    await gate.settled();
    expect([allowed.status, denied.status, nobody.status]).toEqual([200, 403, 401]);
    const requestId = allowed.headers.get("x-request-id");
    expect(queue.events[0]).toEqual({
      v: 1,
      kind: "decision",
      id: `${requestId}/decision`,
      requestId,
      atMs: expect.any(Number),
      actor: {
        kind: "api_key",
        id: record.id,
        issuer: null,
        clientId: null,
        credentialId: record.id,
        address: "2001:db8:1:2::/64",
      },
      action: "GET",
      target: "/orders",
      route: "GET /orders",
      outcome: "allowed",
      status: 200,
      reason: null,
      rules: expect.any(Array),
      configHash: null,
    });
    expect(queue.events.slice(1)).toMatchObject([
      { outcome: "denied", status: 403, reason: "scope_missing", actor: { kind: "api_key" } },
      { outcome: "denied", status: 401, reason: "no_credential", actor: { kind: "anonymous", id: null } },
    ]);
  });

  it("a token's principal is told with its issuer and its jti", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    const jwt = await token(ring, { jti: "the-jti" });
    await gate.fetch("/orders", { headers: bearer(jwt) });
    await gate.settled();
    const [event] = queue.events;
    expect(event).toMatchObject({
      actor: { kind: "client", issuer: "https://issuer.test", credentialId: "the-jti", clientId: event?.actor.id },
    });
  });

  it("`denied`: allowed calls leave nothing", async () => {
    const { gate, queue } = gateWith({ "/orders": "denied" });
    await gate.fetch("/orders", present((await storedKey()).key));
    await gate.fetch("/orders");
    await gate.settled();
    expect(queue.events).toMatchObject([{ outcome: "denied", reason: "no_credential" }]);
  });

  it("a sample is chosen by the request's id alone, so that it can be said of each call whether it was to be in it", async () => {
    const { gate, queue } = gateWith({ "/public/health": { sample: 0.5 } });
    const calls = await Promise.all(Array.from({ length: 60 }, () => gate.fetch("/public/health")));
    await gate.settled();
    const ids = calls.map((call) => call.headers.get("x-request-id") ?? "");
    const recorded = queue.events.map(({ requestId }) => requestId).sort();
    expect(recorded).toEqual(ids.filter((id) => isSampled(id, 0.5)).sort());
    expect(recorded.length).toBeGreaterThan(5);
    expect(recorded.length).toBeLessThan(55);
  });

  it("a route that does not ask leaves nothing, nor does a call that matches none", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    await gate.fetch("/whoami", present((await storedKey()).key));
    await gate.fetch("/nowhere");
    await gate.settled();
    expect(queue.calls).toBe(0);
  });

  it("what fails after the decision is told as it ended", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    network.origin(() => {
      throw new TypeError("broken by the test");
    });
    const response = await gate.fetch("/orders", present((await storedKey()).key));
    await gate.settled();
    expect(response.status).toBe(502);
    expect(queue.events).toMatchObject([{ outcome: "allowed", status: 502, reason: "origin_unreachable" }]);
  });
});

describe("uses of API keys", () => {
  it("are recorded on any route, also those of a key that is refused; a recorded decision tells of its key itself", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" }, { keyUses: "all" });
    const { key, record } = await storedKey();
    const ended = await storedKey({ disabled: true });
    await gate.fetch("/whoami", present(key));
    await gate.fetch("/orders", present(key));
    await gate.fetch("/whoami", present(ended.key));
    await gate.fetch("/whoami", { headers: bearer(await token(ring)) });
    await gate.settled();
    expect(queue.events).toMatchObject([
      { kind: "key_use", route: "GET /whoami", outcome: "allowed", actor: { id: record.id } },
      { kind: "decision", route: "GET /orders", outcome: "allowed", actor: { credentialId: record.id } },
      { kind: "key_use", outcome: "denied", reason: "api_key_disabled", actor: { id: ended.record.id } },
    ]);
    expect(queue.events).toHaveLength(3);
  });

  it.each([
    ["exact", "2001:db8:1:2:3:4:5:6"],
    ["unit", "2001:db8:1:2::/64"],
    ["none", null],
  ] as const)("address `%s` is told as %s", async (address, told) => {
    const { gate, queue } = gateWith({}, { keyUses: "all", address });
    await gate.fetch("/whoami", present((await storedKey()).key));
    await gate.settled();
    expect(queue.events).toMatchObject([{ actor: { address: told } }]);
  });
});

describe("behind the answer", () => {
  it("a queue that is silent keeps no caller waiting, and its event goes to the log whole", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    const { key, record } = await storedKey();
    await gate.fetch("/orders", present(key));
    await gate.settled();
    queue.health = "silent";
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const response = await gate.fetch("/orders", present(key));
    expect(response.status).toBe(200);
    expect(logs.events("audit_undelivered")).toEqual([]);
    await hurried(gate.settled());
    const [line] = logs.events("audit_undelivered");
    expect(queue.calls).toBe(1 + 4);
    expect(JSON.parse(String(line?.audit_event))).toMatchObject({
      kind: "decision",
      requestId: response.headers.get("x-request-id"),
      actor: { id: record.id },
      outcome: "allowed",
    });
  });

  it("a queue that fails for a moment gets the event all the same", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" });
    queue.health = "failing";
    await gate.fetch("/orders");
    queue.health = "well";
    await gate.settled();
    expect(queue.events).toHaveLength(1);
    expect(logs.events("audit_undelivered")).toEqual([]);
  });

  it("an event does not wait for an origin that takes long: it says nothing of the status then", async () => {
    const config = auditedConfig({ "/orders": "all" });
    const queue = memoryQueue();
    const main = { ...config.origins.main, url: ORIGIN_URL, audience: "urn:test:origin", timeoutMs: 60_000 };
    const gate = install({
      config: { ...config, origins: { ...config.origins, main } },
      env: { AUDIT: queue.binding },
    });
    const { key } = await storedKey();
    await gate.fetch("/orders", present(key));
    await gate.settled();
    const late = Promise.withResolvers<Response>();
    network.origin(() => late.promise);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const answer = gate.fetch("/orders", present(key));
    await eventually(() => expect(network.originCalls).toHaveLength(2));
    expect(queue.events).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(queue.events[1]).toMatchObject({ outcome: "allowed", status: null, reason: null });
    late.resolve(Response.json({}));
    expect((await answer).status).toBe(200);
    await hurried(gate.settled());
    expect(queue.events).toHaveLength(2);
  });
});

describe("no secret travels", () => {
  it("nothing of the credential, the query, the body, the cookies or any other header is in an event or in the log", async () => {
    const { gate, queue } = gateWith({ "/orders": "all" }, { keyUses: "all", address: "exact" });
    const planted = ["query", "body", "cookie", "header", "agent"].map((place) => secret(`planted-in-the-${place}`));
    const [query, body, cookie, header, agent] = planted;
    const { key } = await storedKey({ scopes: ["orders:read", "orders:write"] });
    const jwt = await token(ring, { scope: "orders:read orders:write" });
    const forged = secret(`${jwt.slice(0, -8)}AAAAAAAA`);
    const others = { cookie: `session=${cookie}`, "x-secret": `${header}`, "user-agent": `${agent}` };
    for (const credential of [{ "x-api-key": key }, bearer(jwt), bearer(forged), { "x-api-key": `${key}x` }]) {
      const headers = { ...credential, ...others, "content-type": "text/plain" };
      await gate.fetch(`/orders?token=${query}`, { method: "POST", headers, body: body ?? null });
    }
    await gate.settled();
    queue.health = "failing";
    await gate.fetch(`/orders?token=${query}`, { method: "POST", headers: { "x-api-key": key, ...others } });
    await gate.settled();
    const everything = JSON.stringify(queue.events);
    expect(queue.events.length).toBe(4);
    expect(logs.events("audit_undelivered")).toHaveLength(1);
    for (const text of [...planted, key, jwt, forged]) expect(everything).not.toContain(text);
  });

  it("whatever a caller makes large stays small in the event", async () => {
    const { gate, queue } = gateWith({ "/limited/documents/:id": "all" });
    await gate.fetch(`/limited/documents/${"a".repeat(3_000)}`);
    const huge = await token(ring, { sub: "s".repeat(900), jti: "\ud800\u0000".repeat(100) });
    await gate.fetch("/limited/documents/1", { headers: bearer(huge) });
    await gate.settled();
    expect(queue.events).toHaveLength(2);
    for (const event of queue.events) expect(JSON.stringify(event).length).toBeLessThan(4_096);
  });
});

describe("a deployment without the queue", () => {
  const withoutQueue = (audits: Parameters<typeof auditedConfig>[0], gateway = {}) =>
    install({ config: auditedConfig(audits, gateway), env: { AUDIT: null } as never });

  it("runs where nothing asks for it", async () => {
    expect((await withoutQueue({}).fetch("/public/health")).status).toBe(200);
  });

  it("is refused where a route or the keys' uses ask for it", () => {
    expect(() => withoutQueue({ "/orders": { sample: 0.1 } })).toThrow(
      new DeploymentFault("the binding AUDIT is missing"),
    );
    expect(() => withoutQueue({}, { keyUses: "all" })).toThrow(DeploymentFault);
  });

  it("the tests' own installation has one", () => {
    expect(env).toHaveProperty("AUDIT");
  });
});
