import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { ADMIN, APP, cors, corsNames, EVIL, corsGate as gate, preflight, vary } from "../support/cors_gate.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { gatewayConfig } from "../support/gateway_config.ts";
import { install, type RequestWishes } from "../support/install.ts";
import { storedKey } from "../support/keys.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { problemOf } from "../support/refused.ts";

captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe("an answer that a page may read", () => {
  it("names the one origin, and what of it scripts may see", async () => {
    const response = await gate().fetch("/pets/public", { headers: { origin: ADMIN } });
    expect(response.headers.get("access-control-allow-origin")).toBe(ADMIN);
    expect(response.headers.get("access-control-expose-headers")).toMatch(/RateLimit-Remaining, .*X-Request-Id, ETag$/);
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    expect(vary(response)).toEqual(["origin"]);
  });

  it.each<Record<string, string>>([{}, { origin: EVIL }, { origin: "null" }])(
    "RFC 9110 12.5.5: is told apart by caches from the same answer for %j",
    async (headers) => {
      network.origin(
        () => new Response("x", { headers: { "cache-control": "public, max-age=60", vary: "Accept-Encoding" } }),
      );
      const response = await gate().fetch("/pets/public", { headers });
      expect(corsNames(response)).toEqual([]);
      expect(vary(response)).toEqual(["accept-encoding", "origin"]);
    },
  );

  it("an origin that varies by Origin or by everything is not told so twice", async () => {
    for (const [own, told] of [
      ["ORIGIN, Accept", ["origin", "accept"]],
      ["*", ["*"]],
    ] as const) {
      network.origin(() => new Response("x", { headers: { vary: own } }));
      expect(vary(await gate().fetch("/pets/public", { headers: { origin: APP } }))).toEqual(told);
    }
  });

  it("what the origin itself says to scripts counts on routes that leave it to the origin, and nowhere else", async () => {
    const own = {
      "access-control-allow-origin": EVIL,
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "*",
      "access-control-allow-private-network": "true",
    };
    network.origin(() => new Response("x", { headers: own }));
    const headers = { origin: EVIL, ...bearer(await token(ring)) };
    for (const path of ["/pets/public", "/whoami", "/public/health"]) {
      expect(corsNames(await gate().fetch(path, { headers })), path).toEqual([]);
    }
    expect(corsNames(await gate().fetch("/own", { headers }))).toEqual(Object.keys(own).toSorted());
  });
});

describe("a refusal that a page may read", () => {
  const expired = async () => bearer(await token(ring, { exp: 1, iat: 0 }));
  const kinds: [path: string, status: number, wishes: () => Promise<RequestWishes>][] = [
    ["/pets", 401, async () => ({})],
    ["/pets", 401, async () => ({ headers: await expired() })],
    ["/pets", 403, async () => ({ headers: bearer(await token(ring, { scope: "" })) })],
    ["/pets", 405, async () => ({ method: "PATCH" })],
    ["/pets/gone", 410, async () => ({})],
    ["/pets/small", 413, async () => ({ method: "POST", headers: { "content-length": "2" } })],
    ["/pets", 431, async () => ({ headers: { "x-filler": "x".repeat(65_536) } })],
    ["/pets/slow", 502, async () => ({})],
  ];
  it.each(kinds)("%s: %i for a listed origin, and for no other", async (path, status, wishes) => {
    network.origin(() => Promise.reject(new TypeError("down")));
    const { headers, ...call } = await wishes();
    const from = async (origin: string) => {
      const sent = { ...(headers as Record<string, string> | undefined), origin };
      return gate().fetch(path, { ...call, headers: sent });
    };
    const response = await from(APP);
    expect(response.status).toBe(status);
    expect(response.headers.get("access-control-allow-origin")).toBe(APP);
    expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
    expect((await problemOf(response)).status).toBe(status);
    for (const other of [EVIL, "null"]) {
      const refused = await from(other);
      expect([refused.status, corsNames(refused)]).toEqual([status, []]);
      expect(vary(refused)).toContain("origin");
    }
  });

  it("429 too, with the fields that say when to come back", async () => {
    const one = gate();
    const headers = { origin: APP, ...bearer(await token(ring)) };
    for (let at = 0; at < 5; at++) await one.fetch("/pets/limited", { headers });
    const response = await one.fetch("/pets/limited", { headers });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([429, APP]);
    const exposed = response.headers.get("access-control-expose-headers")?.toLowerCase().split(", ") ?? [];
    const shown = [...response.headers.keys()].filter((name) => /^ratelimit|^retry-after/.test(name));
    expect(shown.length).toBeGreaterThan(3);
    expect(shown.filter((name) => !exposed.includes(name))).toEqual([]);
  });

  it("and the answer to what nobody expected", async () => {
    const copies = breakable(need(readBindings(env), "API_KEYS"));
    const config = gatewayConfig();
    config.gateway.cors = cors([APP]);
    const one = install({ config, env: { API_KEYS: copies.binding } });
    const { key } = await storedKey();
    copies.health = "failing";
    const response = await one.fetch("/whoami", { headers: { origin: APP, "x-api-key": key } });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([503, APP]);
  });

  it("404: by the gateway's own list, where it has one", async () => {
    expect(corsNames(await gate().fetch("/nowhere", { headers: { origin: APP } }))).toEqual([]);
    const response = await gate(cors([ADMIN])).fetch("/nowhere", { headers: { origin: ADMIN } });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([404, ADMIN]);
    const other = await gate(cors([ADMIN])).fetch("/nowhere", { headers: { origin: APP } });
    expect([corsNames(other), vary(other)]).toEqual([[], ["origin"]]);
  });
});

describe("the gateway's list", () => {
  it("holds for routes that say nothing, and for no other", async () => {
    const one = gate(cors([ADMIN], { credentials: true }));
    const told = await one.fetch("/public/health", { headers: { origin: ADMIN } });
    expect(told.headers.get("access-control-allow-origin")).toBe(ADMIN);
    expect(told.headers.get("access-control-allow-credentials")).toBe("true");
    expect((await one.fetch(...preflight("/orders", ADMIN, "POST"))).status).toBe(204);
    expect(corsNames(await one.fetch("/pets/closed", { headers: { origin: ADMIN } }))).toEqual([]);
    expect(corsNames(await one.fetch("/pets", { headers: { origin: "https://other.example" } }))).toEqual([]);
  });
});

describe("a publishable key's origins beside a route's", () => {
  it.each([
    [APP, [APP], 200, APP],
    [APP, [ADMIN], 401, APP],
    [ADMIN, [ADMIN], 200, null],
    [EVIL, [APP], 401, null],
  ])("from %s with a key for %j: %i, readable by %s", async (origin, origins, status, readable) => {
    const { key } = await storedKey({ kind: "publishable", scopes: ["orders:read"], terms: { origins } });
    const response = await gate().fetch("/pets", { headers: { origin, "x-api-key": key } });
    expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([status, readable]);
  });
});
