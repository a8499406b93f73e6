import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { D1Clients } from "../../src/adapters/d1/clients.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { breakable } from "../support/breakable.ts";
import { databaseThat } from "../support/broken_database.ts";
import { expectOAuthError } from "../support/expect_oauth_error.ts";
import {
  backstage,
  migrate,
  openIsolate,
  type RegisteredClient,
  registerClient,
  type Told,
} from "../support/issuer_world.ts";
import { captureLogs } from "../support/logs.ts";
import { askToken, tokenOf } from "../support/token_requests.ts";

const JWKS = "/.well-known/jwks.json";
const bindings = readBindings(env);
captureLogs();
let client: RegisteredClient;

beforeAll(async () => {
  await migrate();
  client = await registerClient();
  await tokenOf(openIsolate(), client);
});

/** An isolate whose feed, ring and D1 a test can break. */
function fragileIsolate() {
  const feed = breakable(need(bindings, "EDGE_FEED"));
  const ring = breakable(need(bindings, "SIGNING_KEYS"));
  const database = { isBroken: false };
  const isolate = openIsolate({
    bindings: { EDGE_FEED: feed.binding, SIGNING_KEYS: ring.binding, DB: databaseThat(() => database.isBroken) },
  });
  return { isolate, feed, ring, database };
}

function expectComeBack(told: Told): void {
  expectOAuthError(told, "temporarily_unavailable", 503);
  expect(Number(told.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(told.text).not.toMatch(/broken|d1|signing|stack|\.ts/i);
}

/** Changes the client in D1, without a word to the feed. */
async function disableSilently(target: RegisteredClient): Promise<void> {
  const clients = new D1Clients(backstage.db);
  const found = await clients.find(target.id);
  if (found === null) throw new Error("no such client");
  const after = { ...found, client: { ...found.client, disabled: true, version: found.client.version + 1 } };
  expect(await clients.update(found, after, [])).toBe("changed");
}

describe("D1 down at the token endpoint", () => {
  it("a client that is not in memory: 503 with Retry-After, and tokens again once it is back", async () => {
    const { isolate, database } = fragileIsolate();
    database.isBroken = true;
    expectComeBack(await askToken(isolate, client));
    database.isBroken = false;
    expect((await askToken(isolate, client)).status).toBe(200);
  });

  it("a client in memory goes on while the feed vouches for it, and its wrong secret is still wrong", async () => {
    const { isolate, database } = fragileIsolate();
    await tokenOf(isolate, client);
    database.isBroken = true;
    expect((await askToken(isolate, client)).status).toBe(200);
    expectOAuthError(await askToken(isolate, { id: client.id, secret: "spcs_wrong" }), "invalid_client");
  });

  it("with the feed down as well nothing in memory counts: 503", async () => {
    const { isolate, database, feed } = fragileIsolate();
    await tokenOf(isolate, client);
    database.isBroken = true;
    feed.health = "failing";
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
    expectComeBack(await askToken(isolate, client));
    clock.mockRestore();
  });
});

describe("the feed down at the token endpoint", () => {
  it.each(["failing", "silent"] as const)("%s: tokens are issued, by what the registry says now", async (health) => {
    const { isolate, feed } = fragileIsolate();
    feed.health = health;
    const own = await registerClient();
    expect((await askToken(isolate, own)).status).toBe(200);
    await disableSilently(own);
    expectOAuthError(await askToken(isolate, own), "invalid_client");
  });

  it("a client that was in memory and is disabled meanwhile is refused", async () => {
    const { isolate, feed } = fragileIsolate();
    const own = await registerClient();
    await tokenOf(isolate, own);
    await disableSilently(own);
    feed.health = "failing";
    const clock = vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_001);
    expectOAuthError(await askToken(isolate, own), "invalid_client");
    clock.mockRestore();
  });
});

describe("the ring down", () => {
  it("an isolate that never signed: 503 at the token endpoint and for the key set", async () => {
    const { isolate, ring } = fragileIsolate();
    ring.health = "failing";
    expectComeBack(await askToken(isolate, client));
    const keys = await isolate.fetch(JWKS);
    expect([keys.status, keys.headers.get("cache-control")]).toEqual([503, "no-store"]);
    ring.health = "well";
    expect((await askToken(isolate, client)).status).toBe(200);
    expect((await isolate.fetch(JWKS)).status).toBe(200);
  });

  it("one that did goes on for ten minutes with the key it opened, and no longer", async () => {
    const { isolate, ring } = fragileIsolate();
    const startMs = Date.now();
    await tokenOf(isolate, client);
    ring.health = "failing";
    const clock = vi.spyOn(Date, "now").mockReturnValue(startMs + 9 * 60_000);
    expect((await askToken(isolate, client)).status).toBe(200);
    clock.mockReturnValue(startMs + 10 * 60_000 + 5_000);
    expectComeBack(await askToken(isolate, client));
    clock.mockRestore();
  });

  it("the key set stands in for an hour, and no longer", async () => {
    const { isolate, ring } = fragileIsolate();
    const startMs = Date.now();
    const keys = (await isolate.fetch(JWKS)).text;
    ring.health = "failing";
    const clock = vi.spyOn(Date, "now").mockReturnValue(startMs + 59 * 60_000);
    expect((await isolate.fetch(JWKS)).text).toBe(keys);
    clock.mockReturnValue(startMs + 61 * 60_000);
    expect((await isolate.fetch(JWKS)).status).toBe(503);
    clock.mockRestore();
  });
});

describe("everything down", () => {
  it("the metadata is still told, and nothing else says more than 503", async () => {
    const { isolate, feed, ring, database } = fragileIsolate();
    feed.health = "failing";
    ring.health = "failing";
    database.isBroken = true;
    expect((await isolate.fetch("/.well-known/oauth-authorization-server")).status).toBe(200);
    expectComeBack(await askToken(isolate, client));
  });
});
