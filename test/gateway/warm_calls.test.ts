// Long because each feature of a route is one row of the same table.
import { decodeJwt } from "jose";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { D1Relations } from "../../src/adapters/d1/relations.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { contractConfig } from "../support/contract_config.ts";
import { countedBindings } from "../support/counted_bindings.ts";
import { bearer, type ForgeKey, newKey, ringKey, token } from "../support/forge.ts";
import { ORIGIN_URL, PARTNER_URL, RESOURCE } from "../support/gateway_config.ts";
import { install, type RequestWishes } from "../support/install.ts";
import { backstage, migrate } from "../support/issuer_world.ts";
import { storedKey } from "../support/keys.ts";
import { demoConfig, HOST, openLive } from "../support/live_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { tuple } from "../support/relation_graph.ts";
import { serveTurnstile, TURNSTILE_SECRET } from "../support/turnstile.ts";

/*
 * What a warm call costs in remote calls: one, to its origin. Here every binding is counted and so is every `fetch`. A feature that adds
 * a call to the warm path fails here: one more row below for each new one. What a feature does behind the answer is listed further down.
 */

const START = Date.parse("2026-11-05T00:00:00Z");
const APP = "https://app.example";
const OPAQUE = "https://opaque.example";
const TOKENS = "https://tokens.example.com";
/** An origin that takes a token of the gate's own. */
const BILLING = "https://billing.example.com";
const SECRETS = {
  TURNSTILE_SECRET: secret(TURNSTILE_SECRET),
  OPAQUE_SECRET: secret("the gate's secret there"),
  BILLING_SECRET: secret("an origin's secret, quite long"),
};
const READER = { sub: "usr_reader", client_id: "web" };
const PATH_OF_FOLDERS = [
  "page:1#parent@folder:1",
  "folder:1#parent@folder:2",
  "folder:2#parent@folder:3",
  "folder:3#parent@folder:4",
];
const SMALL = {
  limits: [{ name: "own", algorithm: "fixed", limit: 100_000, windowSeconds: 600, precision: "leased" }],
};
captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
  const items = () => Response.json({ items: [{ id: "1", name: "a" }] });
  network.origin(items);
  network.serve(BILLING, items);
});

afterEach(() => {
  vi.useRealTimers();
});

/** An installation that has every feature, each on a route of its own, and all that go together on `/everything`. */
function featured(): ConfigInput {
  const config = contractConfig();
  const get = { methods: ["GET" as const], origin: "main" };
  const cors = { origins: [APP] };
  const captcha = { rememberSeconds: 600 };
  return {
    ...config,
    gateway: {
      ...config.gateway,
      outboundOrigins: [...(config.gateway.outboundOrigins ?? []), ORIGIN_URL],
      trustedIssuers: [
        ...config.gateway.trustedIssuers,
        {
          issuer: OPAQUE,
          introspection: { url: `${OPAQUE}/introspect`, clientId: "gate", secretBinding: "OPAQUE_SECRET" },
        },
      ],
    },
    captcha: { siteKey: "0x4", secretBinding: "TURNSTILE_SECRET", hostnames: ["app.example.com"] },
    lists: {
      scanners: {
        action: "deny",
        reason: "scans",
        expires: "never",
        ranges: ["203.0.113.0/24"],
        asns: [64500],
      },
    },
    signals: { newCountry: { action: "deny", learnSeconds: 60 }, errors: { least: 5 }, onUnknown: "deny" },
    limits: {
      ...config.limits,
      many: { algorithm: "fixed", limit: 100_000, windowSeconds: 600, precision: "leased" },
      per_key: { algorithm: "bucket", burst: 100_000, refill: 1, intervalSeconds: 1, precision: "leased" },
      exact: { algorithm: "fixed", limit: 100_000, windowSeconds: 600 },
    },
    origins: {
      ...config.origins,
      billing: {
        url: BILLING,
        audience: "urn:test:billing",
        onward: { tokenUrl: `${TOKENS}/token`, clientId: "gate", clientSecretBinding: "BILLING_SECRET" },
        maxConcurrent: 10,
        breaker: {},
      },
    },
    policy: {
      principal: {},
      resources: { page: { attributes: { owner: "string" }, actions: { list: {}, read: {}, open: {} } }, folder: {} },
      relations: {
        folder: { parent: "[folder]", viewer: "[user] or viewer of parent" },
        page: { parent: "[folder]", viewer: "[user] or viewer of parent" },
      },
      rules: [
        { id: "by-day", effect: "allow", on: ["page:list"], when: 'env.time.getHours("Europe/Berlin") >= 0' },
        { id: "viewers", effect: "allow", on: ["page:read"], when: 'can(principal, "viewer", resource)' },
        { id: "owners", effect: "allow", on: ["page:open"], when: "resource.owner == principal.id" },
      ],
      metadata: { pages: { type: "page", url: `${ORIGIN_URL}/about/{id}`, onUnavailable: "deny" } },
    },
    routes: [
      ...config.routes,
      { ...get, path: "/ruled", scopes: ["orders:read"], action: "page:list" },
      { ...get, path: "/related/:id", action: "page:read", resource: { id: { path: "id" } } },
      { ...get, path: "/described/:id", action: "page:open", resource: { id: { path: "id" }, metadata: "pages" } },
      { ...get, path: "/leased", scopes: ["orders:read"], limits: ["many", "per_key"] },
      { ...get, path: "/exact", limits: ["exact"] },
      { ...get, path: "/pets", credentials: ["bearer", "publishable_key"], cors },
      { ...get, path: "/listed", lists: ["scanners"] },
      { ...get, path: "/watched", signals: true },
      { ...get, path: "/person", captcha },
      { ...get, path: "/billing", origin: "billing" },
      {
        ...get,
        path: "/everything/items",
        scopes: ["orders:read"],
        limits: ["many"],
        lists: ["scanners"],
        signals: true,
        cors,
        captcha,
        origin: "billing",
        audit: "none",
        openapi: { document: "items", path: "/items" },
      },
    ],
  };
}

/** One isolate with every feature, and what it calls. */
function world() {
  const bindings = countedBindings({ ...SECRETS, KEY_SETS: null });
  const gate = install({ config: featured(), env: bindings.env });
  network.serve(OPAQUE, () =>
    Response.json({
      active: true,
      sub: "u1",
      client_id: "web",
      aud: RESOURCE,
      scope: "orders:read",
      exp: START / 1000 + 600,
    }),
  );
  network.serve(TOKENS, () =>
    Response.json({ access_token: secret("an-onward-token"), token_type: "Bearer", expires_in: 600 }),
  );
  const turnstile = serveTurnstile(network);
  const solved = () => ({ "sallyport-captcha": secret(turnstile.solve()) });
  /** The header that a solved challenge is remembered by, for whoever calls `path` with `headers`. */
  const cleared = async (path: string, headers: Record<string, string>) => {
    const answer = await gate.fetch(path, at({ ...headers, ...solved() }));
    expect(answer.status).toBe(200);
    return { "sallyport-clearance": answer.headers.get("sallyport-clearance") ?? "" };
  };
  return { bindings, gate, cleared };
}

type World = ReturnType<typeof world>;
type Warm = readonly [path: string, init: RequestWishes];

/** A call from an address of one country. */
const at = (headers: Record<string, string>): RequestWishes => ({
  headers: { "cf-connecting-ip": "192.0.2.7", ...headers },
  cf: { country: "AT", asn: 64501 },
});

const token_ = async () => bearer(await token(ring));

const originOf = ([path]: Warm) => (/^\/(?:billing|everything)/.test(path) ? BILLING : ORIGIN_URL);

/** Calls that are warm once they were made before. */
const FEATURES: readonly [feature: string, call: (world: World) => Promise<Warm>][] = [
  ["a token", async () => ["/orders", at(await token_())]],
  [
    "a token of another issuer, by its published keys",
    async () => {
      const partner = await newKey();
      network.serve(PARTNER_URL, () => Response.json({ keys: [partner.jwk] }));
      return ["/orders", at(bearer(await token(partner, { iss: PARTNER_URL })))];
    },
  ],
  ["an opaque token", async () => ["/orders", at(bearer(secret("an-opaque-token-of-theirs")))]],
  ["a secret key", async () => ["/orders", at({ "x-api-key": (await storedKey()).key })]],
  [
    "a key with addresses and a leased limit of its own",
    async () => {
      const terms = { addresses: ["192.0.2.0/24"], ...SMALL } as never;
      return ["/orders", at({ "x-api-key": (await storedKey({ terms })).key })];
    },
  ],
  [
    "a publishable key, from a page",
    async () => {
      const { key } = await storedKey({ kind: "publishable", terms: { origins: [APP] } });
      return ["/pets", at({ "x-api-key": key, origin: APP })];
    },
  ],
  ["leased limits", async () => ["/leased", at(await token_())]],
  ["a call of a page", async () => ["/pets", at({ ...(await token_()), origin: APP })]],
  ["a description that is held to", async () => ["/items?limit=5", at(await token_())]],
  ["lists of networks", async () => ["/listed", at(await token_())]],
  ["signals, even where what is unknown is denied", async () => ["/watched", at(await token_())]],
  [
    "a challenge that was solved before",
    async ({ cleared }) => {
      const caller = await token_();
      return ["/person", at({ ...caller, ...(await cleared("/person", caller)) })];
    },
  ],
  ["an origin with a token of the gate's own, a breaker and slots", async () => ["/billing", at(await token_())]],
  ["a rule", async () => ["/ruled", at(await token_())]],
  [
    "a relation, four folders up",
    async () => {
      const writes = [...PATH_OF_FOLDERS, `folder:4#viewer@user:${READER.sub}`].map(tuple);
      await new D1Relations(backstage.db).change({ writes, deletes: [], preconditions: [], nowMs: START });
      return ["/related/1", at(bearer(await token(ring, READER)))];
    },
  ],
  [
    "what the origin says of a resource",
    async () => {
      network.origin(() => Response.json({ owner: READER.sub }));
      return ["/described/1", at(bearer(await token(ring, READER)))];
    },
  ],
  ["an old version", async () => ["/v1/orders", at(await token_())]],
  [
    "everything at once",
    async ({ cleared }) => {
      const caller = { ...(await token_()), origin: APP };
      const path = "/everything/items?limit=5";
      return [path, at({ ...caller, ...(await cleared(path, caller)) })];
    },
  ],
];

/** Makes `warm` until it is, and forgets what that took. */
async function warmUp({ gate, bindings }: World, [path, init]: Warm) {
  for (let count = 0; count < 3; count++) {
    const response = await gate.fetch(path, init);
    expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
    await gate.settled();
  }
  bindings.calls.length = 0;
  network.calls.length = 0;
}

const called = () => network.calls.map(({ url }) => new URL(url).origin);

describe("B3: a warm call makes one remote call, the one to its origin", () => {
  it.each(FEATURES)("%s", async (_, call) => {
    const here = world();
    const warm = await call(here);
    await warmUp(here, warm);
    here.bindings.isSilent = true;
    const response = await here.gate.fetch(...warm);
    expect([response.status, here.bindings.calls, called()]).toEqual([200, [], [originOf(warm)]]);
    await here.gate.settled();
    expect(here.bindings.calls, "nor behind the answer").toEqual([]);
    vi.setSystemTime(START + 1_900);
    await Promise.all(Array.from({ length: 10 }, async () => (await here.gate.fetch(...warm)).text()));
    await here.gate.settled();
    expect([here.bindings.calls, called()]).toEqual([[], Array(11).fill(originOf(warm))]);
  });

  it("another Worker that asks is answered without any", async () => {
    const here = world();
    const headers = Object.entries({ ...(await token_()), "cf-connecting-ip": "192.0.2.7" });
    const ask = () => here.gate.authorize({ method: "GET", url: "https://api.test/leased", headers });
    expect((await ask()).allowed).toBe(true);
    await here.gate.settled();
    here.bindings.calls.length = 0;
    expect((await ask()).allowed).toBe(true);
    expect([here.bindings.calls, called()]).toEqual([[], []]);
  });

  it("nor does an isolate that follows what is published", async () => {
    const bindings = countedBindings();
    network.serve("http://127.0.0.1:8788", () => Response.json({}));
    const isolate = openLive({ env: bindings.env });
    const issuer = demoConfig().issuer as { url?: string };
    const headers = bearer(await token(ring, { iss: issuer.url, aud: `${HOST}/` }));
    expect(await isolate.status("/whoami", { headers })).toBe(200);
    vi.setSystemTime(START + 500);
    await isolate.status("/whoami", { headers });
    bindings.calls.length = 0;
    network.calls.length = 0;
    expect(await isolate.status("/whoami", { headers })).toBe(200);
    expect([bindings.calls, called()]).toEqual([[], ["http://127.0.0.1:8788"]]);
  });

  it("positive control: an exact limit asks its counter, and is seen to", async () => {
    const here = world();
    const warm: Warm = ["/exact", at(await token_())];
    await warmUp(here, warm);
    await here.gate.fetch(...warm);
    expect(here.bindings.calls).toEqual(["LIMITER.take"]);
  });

  it("positive control: a cold isolate asks for what it does not know", async () => {
    const here = world();
    await here.gate.fetch("/orders", at({ "x-api-key": (await storedKey()).key }));
    expect(new Set(here.bindings.calls)).toEqual(
      new Set(["EDGE_FEED.pull", "API_KEYS.get", "IDENTITY_KEYS.signingKey"]),
    );
  });
});

describe("what a warm isolate does behind its answers", () => {
  it("pulls the feed once in two seconds, however many call", async () => {
    const here = world();
    const warm: Warm = ["/orders", at(await token_())];
    await warmUp(here, warm);
    vi.setSystemTime(START + 2_500);
    here.bindings.isSilent = true;
    const answers = await Promise.all(Array.from({ length: 20 }, () => here.gate.fetch(...warm)));
    expect(
      answers.map(({ status }) => status),
      "without waiting for it",
    ).toEqual(Array(20).fill(200));
    expect(here.bindings.calls).toEqual(["EDGE_FEED.pull"]);
    here.bindings.giveUp();
    await here.gate.settled();
  });

  it("in a minute of everything at once: so much, and nothing else", async () => {
    const here = world();
    const caller = { ...(await token_()), origin: APP };
    const path = "/everything/items?limit=5";
    const warm: Warm = [path, at({ ...caller, ...(await here.cleared(path, caller)) })];
    await warmUp(here, warm);
    for (let second = 1; second <= 60; second++) {
      vi.setSystemTime(START + second * 1_000);
      expect((await here.gate.fetch(...warm)).status).toBe(200);
      await here.gate.settled();
    }
    const count = (name: string) => here.bindings.calls.filter((call) => call === name).length;
    expect(new Set(here.bindings.calls)).toEqual(new Set(["EDGE_FEED.pull", "SIGNALS.observe"]));
    expect(count("EDGE_FEED.pull"), "one in two seconds at most").toBeLessThanOrEqual(30);
    expect(count("SIGNALS.observe"), "one in ten seconds for a principal").toBeLessThanOrEqual(6);
    expect(called()).toEqual(Array(60).fill(BILLING));
  });

  it("one identity for a caller and an origin in half a minute, signed with a key that is in memory", async () => {
    const here = world();
    const warm: Warm = ["/orders", at(await token_())];
    await warmUp(here, warm);
    const ids = new Set<unknown>();
    for (let second = 0; second < 60; second++) {
      vi.setSystemTime(START + second * 1_000);
      await here.gate.fetch(...warm);
      await here.gate.settled();
      ids.add(decodeJwt(network.originCalls.at(-1)?.headers.get("sallyport-identity") ?? "").jti);
    }
    expect(ids.size).toBe(2);
    expect(here.bindings.calls.filter((name) => name !== "EDGE_FEED.pull")).toEqual([]);
  });
});
