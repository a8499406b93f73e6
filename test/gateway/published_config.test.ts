import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { need, readBindings } from "../../src/bindings.ts";
import { canonicalJson } from "../../src/kernel/canonical_json.ts";
import { migrate, mintToken } from "../support/admin_world.ts";
import { breakable } from "../support/breakable.ts";
import { copies, demoConfig, HOST, openLive, publish, routeOf } from "../support/live_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const logs = captureLogs();
const network = stubNetwork();
const bindings = readBindings(env);
/** Beyond the age that the feed's picture may have: the next request looks. */
const PAST_BOUND_MS = 4_000;
let nowMs = Date.now();

beforeAll(migrate);

beforeEach(() => {
  network.serve("http://127.0.0.1:8788", () => Response.json({ from: "origin" }));
  vi.spyOn(Date, "now").mockImplementation(() => nowMs);
});

afterEach(async () => {
  await openLive().administer("POST", "/config/rollback", { to: "bundled" });
});

const HEALTH = "/public/health";

/** The demo, whose public route is no longer public. */
const closed = (tag = "closed") =>
  demoConfig((config) => {
    const route = routeOf(config, HEALTH);
    route.id = tag;
    route.public = false;
    route.scopes = ["orders:read"];
  });

const opened = () =>
  demoConfig((config) => {
    config.routes.push({ path: "/public/new", methods: ["GET"], origin: "demo", public: true });
  });

async function accessToken(scopes: readonly string[]): Promise<string> {
  return secret(await mintToken({ audience: [`${HOST}/`], scopes }));
}

describe("a publish", () => {
  it("reaches a warm isolate with the next picture of the feed, and a rollback too", async () => {
    const [a, b] = [openLive(), openLive()];
    expect([await b.status(HEALTH), await b.status("/public/new")]).toEqual([200, 404]);
    await publish(a, opened());
    expect(await b.status("/public/new")).toBe(404);
    nowMs += PAST_BOUND_MS;
    expect(await b.status("/public/new")).toBe(200);
    const told = await a.administer("POST", "/config/rollback", { to: "bundled" });
    expect(told.status).toBe(200);
    nowMs += PAST_BOUND_MS;
    expect(await b.status("/public/new")).toBe(404);
  });

  it("is seen at once by the isolate that was asked, and by one that begins after it", async () => {
    const a = openLive();
    await publish(a, opened());
    expect(await a.status("/public/new")).toBe(200);
    expect(await openLive().status("/public/new")).toBe(200);
    expect(logs.events("config_runs").at(-1)).toMatchObject({ version: expect.any(Number) });
  });

  it("tells a token that was verified before it of the new route's scopes at once", async () => {
    const isolate = openLive();
    const headers = { authorization: `Bearer ${await accessToken(["orders:read"])}` };
    expect([await isolate.status("/whoami", { headers }), await isolate.status("/orders", { headers })]).toEqual([
      200, 200,
    ]);
    const narrowed = demoConfig((config) => {
      routeOf(config, "/whoami").scopes = ["orders:write"];
    });
    await publish(isolate, narrowed);
    expect([await isolate.status("/whoami", { headers }), await isolate.status("/orders", { headers })]).toEqual([
      403, 200,
    ]);
  });

  it("is followed by the issuer too: scopes come and go", async () => {
    const isolate = openLive();
    const scopes = async () => {
      const metadata = await isolate.fetch("/.well-known/oauth-protected-resource");
      return ((await metadata.json()) as { scopes_supported: string[] }).scopes_supported;
    };
    const issuer = async () => {
      const metadata = await isolate.fetch("/.well-known/oauth-authorization-server");
      return ((await metadata.json()) as { scopes_supported: string[] }).scopes_supported;
    };
    const refunds = demoConfig((config) => {
      const [api] = config.issuer.apis;
      config.issuer.apis[0] = { ...api, scopes: { ...Object(api?.scopes), refunds: "Give money back" } };
    });
    await publish(isolate, refunds);
    expect([await scopes(), await issuer()]).toEqual([
      expect.arrayContaining(["refunds"]),
      expect.arrayContaining(["refunds"]),
    ]);
  });

  it("takes nothing from a limit: what was used stays used, and no window begins anew", async () => {
    const isolate = openLive();
    const headers = { authorization: `Bearer ${await accessToken([])}` };
    const ping = () => isolate.status("/limited/ping", { headers });
    for (let call = 0; call < 4; call++) expect(await ping()).toBe(200);
    await publish(isolate, opened());
    expect([await ping(), await ping()]).toEqual([200, 429]);
  });

  it("verifies no known token anew", async () => {
    const isolate = openLive();
    const headers = { authorization: `Bearer ${await accessToken([])}` };
    expect(await isolate.status("/whoami", { headers })).toBe(200);
    await publish(isolate, opened());
    const verify = vi.spyOn(crypto.subtle, "verify");
    expect(await isolate.status("/whoami", { headers })).toBe(200);
    expect(verify).not.toHaveBeenCalled();
  });

  it("ends what was proven by another trust: a token is verified anew once its issuer is taken otherwise", async () => {
    const isolate = openLive();
    const headers = { authorization: `Bearer ${await accessToken([])}` };
    expect(await isolate.status("/whoami", { headers })).toBe(200);
    const elsewhere = demoConfig((config) => {
      config.gateway.trustedIssuers[0] = { ...config.gateway.trustedIssuers[0], audience: "https://another.test/" };
    });
    await publish(isolate, elsewhere);
    expect(await isolate.status("/whoami", { headers })).toBe(401);
  });
});

describe("a snapshot that is not what it is called", () => {
  it.each([
    ["another configuration", () => canonicalJson(opened())],
    ["no JSON", () => "{"],
    ["nothing", () => ""],
    ["more than any snapshot", () => "x".repeat(1024 * 1024 + 1)],
  ])("in KV (%s) decides nothing: the issuer is asked", async (_name, lie) => {
    const { hash } = await publish(openLive(), closed());
    await copies.put(`cfg:${hash}`, lie());
    const isolate = openLive();
    expect([await isolate.status(HEALTH), await isolate.status("/public/new")]).toEqual([401, 404]);
    expect(logs.events("config_copy_refused").at(-1)).toMatchObject({ hash });
  });

  it("missing in KV is read from the issuer; KV out too", async () => {
    const { hash } = await publish(openLive(), closed());
    await copies.delete(`cfg:${hash}`);
    expect(await openLive().status(HEALTH)).toBe(401);
    const kv = breakable(need(bindings, "API_KEYS"));
    kv.health = "failing";
    expect(await openLive({ env: { API_KEYS: kv.binding } }).status(HEALTH)).toBe(401);
  });

  it("from a copy and from the issuer: a warm isolate goes on with the last good one, and says so", async () => {
    const lying = { at: "well" as "well" | "lying" };
    const isolate = openLive({
      reader: (real) => ({
        ...real,
        configSnapshot: (hash) => (lying.at === "lying" ? Promise.resolve("{}") : real.configSnapshot(hash)),
      }),
    });
    await publish(isolate, closed());
    expect(await isolate.status(HEALTH)).toBe(401);
    lying.at = "lying";
    const other = openLive();
    const { version, hash } = await publish(other, closed("another"));
    await copies.put(`cfg:${hash}`, "{}");
    nowMs += PAST_BOUND_MS;
    expect([await isolate.status(HEALTH), await isolate.status(HEALTH)]).toEqual([401, 401]);
    expect(logs.events("config_not_loaded")).toMatchObject([{ version, hash, serves: version - 1 }]);
    const shown = (await isolate.administer("GET", "/config")).json;
    expect(shown).toMatchObject({ in_step: false, current: { version }, running: { version: version - 1 } });
    lying.at = "well";
    nowMs += PAST_BOUND_MS;
    expect(await isolate.status(HEALTH)).toBe(401);
    expect((await isolate.administer("GET", "/config")).json).toMatchObject({ in_step: true, running: { version } });
  });
});

describe("an isolate that begins", () => {
  it("and cannot load what was published serves nobody: a route that was closed stays closed", async () => {
    const { hash, version } = await publish(openLive(), closed());
    await copies.delete(`cfg:${hash}`);
    const isolate = openLive({
      reader: (real) => ({ ...real, configSnapshot: () => Promise.reject(new Error("the issuer is out")) }),
    });
    const response = await isolate.fetch(HEALTH);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("2");
    expect(await response.json()).toMatchObject({ code: "configuration_unavailable" });
    expect(await isolate.status("/oauth2/token", { method: "POST" })).toBe(503);
    expect(logs.events("config_not_loaded")).toMatchObject([{ version, serves: null }]);
    expect(network.calls).toEqual([]);
  });

  it("lets operators in all the same, who go back to what runs", async () => {
    const { hash } = await publish(openLive(), closed());
    await copies.delete(`cfg:${hash}`);
    const isolate = openLive({
      reader: (real) => ({ ...real, configSnapshot: () => Promise.reject(new Error("the issuer is out")) }),
    });
    expect(await isolate.status(HEALTH)).toBe(503);
    expect(await isolate.status("/admin/v1/config")).toBe(401);
    expect((await isolate.administer("POST", "/config/rollback", { to: "bundled" })).status).toBe(200);
    nowMs += PAST_BOUND_MS;
    expect(await isolate.status(HEALTH)).toBe(200);
  });

  it("and cannot read the feed asks the issuer what runs", async () => {
    await publish(openLive(), closed());
    const feed = breakable(need(bindings, "EDGE_FEED"));
    feed.health = "failing";
    expect(await openLive({ env: { EDGE_FEED: feed.binding } }).status(HEALTH)).toBe(401);
  });

  it("and learns neither from the feed nor from the issuer whether anything was published serves nobody", async () => {
    const feed = breakable(need(bindings, "EDGE_FEED"));
    feed.health = "failing";
    const isolate = openLive({
      env: { EDGE_FEED: feed.binding },
      reader: (real) => ({ ...real, configPointer: () => Promise.reject(new Error("the issuer is out")) }),
    });
    expect(await isolate.status(HEALTH)).toBe(503);
    feed.health = "well";
    nowMs += PAST_BOUND_MS;
    expect(await isolate.status(HEALTH)).toBe(200);
  });

  it("asks for nothing but the feed where nothing is published", async () => {
    const asked: string[] = [];
    const isolate = openLive({
      reader: () => ({
        configPointer: () => Promise.reject(asked.push("pointer")),
        configSnapshot: () => Promise.reject(asked.push("snapshot")),
      }),
    });
    expect(await isolate.status(HEALTH)).toBe(200);
    expect(asked).toEqual([]);
  });
});

describe("while the feed is out", () => {
  it("a warm isolate goes on with what it runs, and catches up when it is back", async () => {
    const feed = breakable(need(bindings, "EDGE_FEED"));
    const isolate = openLive({ env: { EDGE_FEED: feed.binding } });
    expect(await isolate.status(HEALTH)).toBe(200);
    await publish(openLive(), closed());
    feed.health = "failing";
    nowMs += PAST_BOUND_MS;
    expect([await isolate.status(HEALTH), await isolate.status(HEALTH)]).toEqual([200, 200]);
    feed.health = "well";
    nowMs += PAST_BOUND_MS;
    expect(await isolate.status(HEALTH)).toBe(401);
  });
});

it("a warm request asks for nothing: no feed, no KV, no issuer", async () => {
  const feed = breakable(need(bindings, "EDGE_FEED"));
  const kv = breakable(need(bindings, "API_KEYS"));
  await publish(openLive(), opened());
  const isolate = openLive({ env: { EDGE_FEED: feed.binding, API_KEYS: kv.binding } });
  expect(await isolate.status("/public/new")).toBe(200);
  const before = [feed.calls, kv.calls];
  for (let call = 0; call < 5; call++) expect(await isolate.status("/public/new")).toBe(200);
  expect([feed.calls, kv.calls]).toEqual(before);
});
