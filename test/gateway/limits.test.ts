import { parseDictionary, parseList } from "structured-headers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { type Installation, install } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

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

function fields(response: Response) {
  const number = (name: string) => Number(response.headers.get(name));
  return [number("ratelimit-limit"), number("ratelimit-remaining"), number("ratelimit-reset")];
}

const from = (address: string) => ({ "cf-connecting-ip": address });

async function ping(gate: Installation, headers: Record<string, string>, path = "/limited/ping") {
  return gate.fetch(path, { headers });
}

describe("a limit of 5 in 10 s through the whole gate", () => {
  it("five 200 that count down, then 429 with every field; another principal is untouched", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    vi.setSystemTime(START + 3_000);
    const seen: unknown[] = [];
    for (let count = 0; count < 5; count++) {
      const response = await ping(gate, caller);
      expect(response.status).toBe(200);
      seen.push(fields(response));
    }
    expect(seen).toEqual([4, 3, 2, 1, 0].map((remaining) => [5, remaining, 7]));
    const denied = await ping(gate, caller);
    expect(denied.status).toBe(429);
    expect(fields(denied)).toEqual([5, 0, 7]);
    expect(denied.headers.get("retry-after")).toBe("7");
    expect(denied.headers.get("ratelimit")).toBe('"ping";r=0;t=7');
    expect(denied.headers.get("ratelimit-policy")).toBe('"ping";q=5;w=10');
    expect(await problemOf(denied)).toMatchObject({
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      status: 429,
      code: "quota_exceeded",
      "violated-policies": ["ping"],
    });
    expect(logs.lastDecision).toMatchObject({ outcome: "denied", reason: "limit", principal: "client" });
    expect(network.originCalls).toHaveLength(5);
    expect((await ping(gate, bearer(await token(ring)))).status).toBe(200);
    vi.setSystemTime(START + 10_000);
    expect((await ping(gate, caller)).status).toBe(200);
  });

  it("RFC 9651: RateLimit and RateLimit-Policy parse and agree with the older three, granted and denied", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    for (let count = 0; count < 6; count++) {
      const { headers } = await ping(gate, caller, "/limited/both");
      const states = parseList(headers.get("ratelimit") ?? "");
      const policies = parseList(headers.get("ratelimit-policy") ?? "");
      expect(states.map(([name]) => name)).toEqual(["allow", "ping"]);
      expect(policies.map(([name]) => name)).toEqual(["allow", "ping"]);
      const left = states.map(([, parameters]) => Number(parameters.get("r")));
      expect(Math.min(...left)).toBe(Number(headers.get("ratelimit-remaining")));
      expect(Math.min(...left)).toBeGreaterThanOrEqual(0);
      expect(parseDictionary("a=1").size).toBe(1);
    }
  });

  it("200 at once get exactly 5, for a token, for a key, and through two isolates", async () => {
    const one = install();
    const two = install();
    const { key } = await storedKey();
    for (const caller of [bearer(await token(ring)), { "x-api-key": key }]) {
      await Promise.all([one, two].map((gate) => gate.fetch("/whoami", { headers: caller })));
      network.calls.length = 0;
      const calls = Array.from({ length: 200 }, (_, index) => ping(index % 2 === 0 ? one : two, caller));
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(5);
      expect(statuses.filter((status) => status === 429)).toHaveLength(195);
      expect(network.originCalls).toHaveLength(5);
    }
  });

  it("is not reset by what a caller can change: a new token, agent, address, query or method", async () => {
    const gate = install();
    const who = { sub: "cli_same", client_id: "cli_same" };
    for (let count = 0; count < 5; count++) {
      expect((await ping(gate, bearer(await token(ring, who)))).status).toBe(200);
    }
    const fresh = bearer(await token(ring, who));
    expect((await ping(gate, { ...fresh, "user-agent": "other" })).status).toBe(429);
    expect((await ping(gate, { ...fresh, ...from("203.0.113.9") })).status).toBe(429);
    expect((await ping(gate, { ...fresh, "x-forwarded-for": "203.0.113.9" })).status).toBe(429);
    expect((await ping(gate, fresh, "/limited/ping?nonce=1")).status).toBe(429);
    expect((await ping(gate, fresh, "/limited/pin%67")).status).toBe(429);
    expect((await gate.fetch("/limited/ping", { method: "HEAD", headers: fresh })).status).toBe(429);
    expect((await ping(gate, bearer(await token(ring)))).status).toBe(200);
  });

  it("only a call that was let in is counted: refused ones are free", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    for (let count = 0; count < 10; count++) expect((await ping(gate, bearer("AAAA.AAAA.AAAA"))).status).toBe(401);
    for (let count = 0; count < 10; count++) expect((await gate.fetch("/limited/ping")).status).toBe(401);
    expect(fields(await ping(gate, caller))).toEqual([5, 4, 10]);
  });

  it("two limits: both are charged or none is", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    for (let count = 0; count < 5; count++) await ping(gate, caller);
    for (let count = 0; count < 3; count++) expect((await ping(gate, caller, "/limited/both")).status).toBe(429);
    expect(fields(await ping(gate, caller, "/limited/allow"))).toEqual([5, 4, 10]);
  });

  it("a failing origin still costs: its answer carries the fields", async () => {
    const gate = install();
    network.origin(() => new Response("trace", { status: 500 }));
    const response = await ping(gate, bearer(await token(ring)));
    expect(response.status).toBe(500);
    expect(fields(response)).toEqual([5, 4, 10]);
  });
});

describe("the fields that the gateway is set to", () => {
  it.each([
    ["draft", ["ratelimit", "ratelimit-policy"]],
    ["older", ["ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"]],
    ["none", []],
  ] as const)(
    "%s: these and no others, granted and denied; a denial always says when to retry",
    async (style, names) => {
      const base = gatewayConfig();
      const gate = install({ config: { ...base, gateway: { ...base.gateway, rateLimitFields: style } } });
      const caller = bearer(await token(ring));
      for (let count = 0; count < 6; count++) {
        const response = await ping(gate, caller);
        const told = [...response.headers.keys()].filter((name) => name.startsWith("ratelimit")).sort();
        expect(told).toEqual(names);
        expect(response.headers.has("retry-after")).toBe(response.status === 429);
      }
    },
  );
});

describe("limits by address and by route", () => {
  it("a public route counts addresses: IPv4 one by one, IPv6 by /64, and no header of the caller's counts", async () => {
    const gate = install();
    const path = "/limited/address";
    const call = (address: string, extra = {}) => ping(gate, { ...from(address), ...extra }, path);
    for (let count = 0; count < 5; count++) {
      expect((await call("2001:db8:1:2::1", { "x-forwarded-for": `10.0.0.${count}` })).status).toBe(200);
    }
    for (const same of ["2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:0DB8:0001:0002:0::5"]) {
      expect((await call(same)).status, same).toBe(429);
    }
    for (const other of ["2001:db8:1:3::1", "203.0.113.1", "203.0.113.2", "::ffff:203.0.113.3"]) {
      expect((await call(other)).status, other).toBe(200);
    }
    for (let count = 0; count < 4; count++) await call("203.0.113.3");
    expect((await call("::ffff:203.0.113.3")).status, "the same IPv4 in another spelling").toBe(429);
  });

  it("a limit of the route is everybody's together", async () => {
    const gate = install();
    for (let count = 0; count < 5; count++) {
      expect((await ping(gate, bearer(await token(ring)), "/limited/everybody")).status).toBe(200);
    }
    expect((await ping(gate, bearer(await token(ring)), "/limited/everybody")).status).toBe(429);
  });
});

describe("limits by what is asked for", () => {
  it("a path parameter and a principal: each document has its own quota, spelled any way; each caller too", async () => {
    const gate = install();
    const caller = bearer(await token(ring));
    const read = (id: string, who = caller) => ping(gate, who, `/limited/documents/${id}`);
    for (let count = 0; count < 5; count++) expect((await read("d1")).status).toBe(200);
    for (const same of ["d1", "D1", "%641", "d1?again"]) expect((await read(same)).status, same).toBe(429);
    expect((await read("d2")).status).toBe(200);
    expect((await read("d1", bearer(await token(ring)))).status).toBe(200);
  });

  it("an operation: reading and writing have a quota each, HEAD is reading", async () => {
    const gate = install();
    const headers = bearer(await token(ring));
    const status = async (method: string) => (await gate.fetch("/limited/operation", { method, headers })).status;
    for (let count = 0; count < 5; count++) expect(await status(count % 2 === 0 ? "GET" : "HEAD")).toBe(200);
    expect([await status("GET"), await status("HEAD"), await status("POST")]).toEqual([429, 429, 200]);
  });

  it("a client: all of its tokens count together; a key is a client of its own", async () => {
    const gate = install();
    const who = { sub: "cli_together", client_id: "cli_together" };
    const { key } = await storedKey();
    for (let count = 0; count < 5; count++) {
      expect((await ping(gate, bearer(await token(ring, who)), "/limited/client")).status).toBe(200);
    }
    expect((await ping(gate, bearer(await token(ring, who)), "/limited/client")).status).toBe(429);
    expect((await ping(gate, { "x-api-key": key }, "/limited/client")).status).toBe(200);
  });

  it("a key: who comes with a token instead is counted as well", async () => {
    const gate = install();
    const { key } = await storedKey();
    for (const caller of [{ "x-api-key": key }, bearer(await token(ring))]) {
      for (let count = 0; count < 5; count++) expect((await ping(gate, caller, "/limited/key")).status).toBe(200);
      expect((await ping(gate, caller, "/limited/key")).status).toBe(429);
    }
  });
});
