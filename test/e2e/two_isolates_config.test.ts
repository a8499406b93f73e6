import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { administer, tokenOf } from "./two_isolates_calls.ts";
import { type Client, type Isolate, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { heard, msUntil, until } from "./until.ts";

const HEALTH = "/public/health";

interface Written {
  limits: Record<string, object>;
  routes: { path: string; methods: string[]; public?: boolean; scopes?: string[]; origin?: string }[];
}

/*
 * An isolate whose configuration takes long to load serves on with the last good one, as one on a busy machine does: that the newest runs within
 * the feed's bound is proven with a clock of the test's own (test/gateway/published_config.test.ts), and here that it runs at all.
 */
let world: TwoIsolates;
let operator: Client;
let bundled: Written;

beforeAll(async () => {
  world = await startTwoIsolates();
  operator = await world.newClient(["admin"]);
  const told = await administer(world.a, operator, "GET", "/config/snapshots/bundled");
  bundled = told.config as Written;
});

afterAll(async () => {
  await world.dispose();
});

function written(change: (config: Written) => void): Written {
  const config: Written = JSON.parse(JSON.stringify(bundled));
  change(config);
  return config;
}

/** The deployed configuration, whose public route is closed; `tag` makes each one another. */
const closed = (tag: number) =>
  written((config) => {
    for (const route of config.routes) {
      if (route.path === HEALTH) Object.assign(route, { public: false, id: `closed-${tag}` });
    }
  });

async function version(): Promise<number> {
  const { current } = await administer(world.a, operator, "GET", "/config");
  return (current as { version: number } | null)?.version ?? 0;
}

async function publish(isolate: Isolate, config: Written): Promise<{ version: number; hash: string }> {
  const told = await administer(isolate, operator, "POST", "/config", { config, parent: await version() });
  return told as { version: number; hash: string };
}

const knock = (isolate: Isolate, headers = {}) =>
  heard(async () => (await isolate.call("GET", HEALTH, headers)).status);

describe("what is published at one isolate runs at another one that is warm", () => {
  it("a route that was closed, also where only its public route was ever called; and a rollback", async () => {
    expect([await knock(world.a), await knock(world.b)]).toEqual([200, 200]);
    const published = await publish(world.a, closed(1));
    await msUntil(401, () => knock(world.a));
    const closedMs = await msUntil(401, () => knock(world.b));
    console.info(`closed route: ${closedMs} ms after the answer`);
    await administer(world.a, operator, "POST", "/config/rollback", { parent: published.version });
    const backMs = await msUntil(200, () => knock(world.b));
    console.info(`rollback: ${backMs} ms after the answer`);
  });

  it("whose copy in KV is a lie, or is not there", async () => {
    const lying = await publish(world.a, closed(2));
    await world.copies.put(`cfg:${lying.hash}`, JSON.stringify(bundled));
    await msUntil(401, () => knock(world.b));
    await administer(world.a, operator, "POST", "/config/rollback", { to: "bundled" });
    await msUntil(200, () => knock(world.b));
    const missing = await publish(world.a, closed(3));
    await world.copies.delete(`cfg:${missing.hash}`);
    await msUntil(401, () => knock(world.b));
  });

  it("a token that the other isolate knew before meets the new route's scopes", async () => {
    const client = await world.newClient(["orders:read"]);
    const headers = { authorization: `Bearer ${await tokenOf(world.b, client, "orders:read")}` };
    await msUntil(401, () => knock(world.b));
    expect(await knock(world.b, headers)).toBe(200);
    const writers = written((config) => {
      for (const route of config.routes) {
        if (route.path === HEALTH) Object.assign(route, { public: false, scopes: ["orders:write"] });
      }
    });
    await publish(world.a, writers);
    await msUntil(403, () => knock(world.b, headers));
  });
});

it("of two publishers at two isolates who have seen the same version exactly one wins, and both isolates run theirs", async () => {
  const parent = await version();
  const token = await tokenOf(world.a, operator, "admin");
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const told = await Promise.all(
    [world.a, world.b].map((isolate, at) =>
      isolate.call("POST", "/admin/v1/config", headers, JSON.stringify({ config: closed(100 + at), parent })),
    ),
  );
  expect(told.map(({ status }) => status).sort()).toEqual([200, 409]);
  const winner = told.find(({ status }) => status === 200)?.json.hash;
  const runs = async (isolate: Isolate) => {
    const { running } = await administer(isolate, operator, "GET", "/config");
    return (running as { hash: string }).hash;
  };
  await until(async () => (await runs(world.b)) === winner);
  expect([await runs(world.a), await runs(world.b)]).toEqual([winner, winner]);
});

it("a publish whose telling was cut off is told all the same: what D1 has, the feed hears with the next delivery", async () => {
  const parent = await version();
  const { hash } = await publish(world.a, closed(7));
  await administer(world.a, operator, "POST", "/config/rollback", { to: "bundled" });
  await msUntil(200, () => knock(world.b));
  // As a Worker leaves D1 that died between its transaction and the feed: the version and its entry, and nobody told.
  const next = (await version()) + 1;
  await world.db.batch([
    world.db
      .prepare("INSERT INTO config_versions VALUES (?, ?, ?, NULL, 'x', 'test', '', 0)")
      .bind(next, hash, next - 1),
    world.db
      .prepare("INSERT INTO outbox (kind, subject, epoch, until) VALUES ('pointer', ?, ?, 8640000000000000)")
      .bind(hash, next),
  ]);
  expect(next).toBeGreaterThan(parent);
  // Anything that is announced makes the courier carry what lies there; its alarm would do it without that.
  await administer(world.a, operator, "POST", "/keys", { name: "any", environment: "test", scopes: [] });
  await msUntil(401, () => knock(world.b));
});
