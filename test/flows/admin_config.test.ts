import { beforeAll, describe, expect, it } from "vitest";
import { sha256Hex } from "../../src/kernel/bytes.ts";
import { canonicalJson } from "../../src/kernel/canonical_json.ts";
import { FEED_START } from "../../src/protocol/edge_feed.ts";
import { type AdminCaller, adminCaller, migrate, stores } from "../support/admin_world.ts";
import { demoConfig, routeOf } from "../support/live_world.ts";

let admin: AdminCaller;

beforeAll(async () => {
  await migrate();
  admin = await adminCaller();
});

/** The demo with another limit, so that each one is another configuration. */
function limited(limit: number) {
  return demoConfig((config) => {
    config.limits = { ping: { algorithm: "fixed", limit, windowSeconds: 10 } };
  });
}

async function current(): Promise<{ version: number; hash: string } | null> {
  return (await admin.call("GET", "/config")).json.current as { version: number; hash: string } | null;
}

async function parent(): Promise<number> {
  return (await current())?.version ?? 0;
}

describe("publishing a configuration", () => {
  it("nothing was published at first: what was deployed runs", async () => {
    const told = await admin.call("GET", "/config");
    expect(told.json).toMatchObject({ current: null, drift: false });
    const bundled = await admin.call("GET", "/config/snapshots/bundled");
    expect(bundled.json).toMatchObject({ hash: told.json.bundle, config: { version: 1 } });
    expect((await admin.call("POST", "/config/rollback", { to: "bundled" })).json.code).toBe("not_found");
  });

  it("stores it under the hash of its one spelling, copies it to KV and points the feed at it", async () => {
    const config = limited(6);
    const reordered = Object.fromEntries(Object.entries(config).reverse());
    const told = await admin.call("POST", "/config", { config: reordered, parent: 0, note: "six pings" });
    expect(told.status).toBe(200);
    const hash = await sha256Hex(canonicalJson(config));
    expect(told.json).toMatchObject({ version: 1, hash, parent: 0, restores: null, note: "six pings" });
    expect(await stores.copies.get(`cfg:${hash}`)).toBe(canonicalJson(config));
    expect((await admin.call("GET", `/config/snapshots/${hash}`)).json.config).toEqual(config);
    const { entries } = await stores.feed.pull(FEED_START);
    expect(entries.filter(({ kind }) => kind === "pointer")).toMatchObject([{ id: hash, epoch: 1 }]);
  });

  it("again, it changes nothing, whatever version the operator has seen", async () => {
    for (const seen of [0, 1, 7]) {
      const told = await admin.call("POST", "/config", { config: limited(6), parent: seen });
      expect([told.status, told.json.version]).toEqual([200, 1]);
    }
  });

  it("over another version than the operator has seen is a conflict, and nothing changes", async () => {
    const told = await admin.call("POST", "/config", { config: limited(7), parent: 0 });
    expect([told.status, told.json.code]).toEqual([409, "conflict"]);
    expect(await current()).toMatchObject({ version: 1 });
  });

  it("of ten operators at once who have seen the same version exactly one wins, and the feed points at theirs", async () => {
    const seen = await parent();
    const asked = Array.from({ length: 10 }, (_, at) =>
      admin.call("POST", "/config", { config: limited(100 + at), parent: seen }),
    );
    const told = await Promise.all(asked);
    expect(told.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    const winner = told.find(({ status }) => status === 200)?.json;
    expect(await current()).toMatchObject({ version: seen + 1, hash: winner?.hash });
    const { entries } = await stores.feed.pull(FEED_START);
    expect(entries.filter(({ kind }) => kind === "pointer")).toMatchObject([{ id: winner?.hash, epoch: seen + 1 }]);
  });

  it("a wrong one is refused with every fault and its place, and nothing changes", async () => {
    const before = await current();
    const wrong = demoConfig((config) => {
      routeOf(config, "/orders").scopes = ["orders:nothing"];
      routeOf(config, "/whoami").origin = "nowhere";
    });
    const told = await admin.call("POST", "/config", { config: wrong, parent: await parent() });
    expect([told.status, told.json.code]).toEqual([422, "config_invalid"]);
    expect(told.json.errors.map(({ field }) => field)).toEqual(["routes[0].scopes[0]", "routes[5].origin"]);
    expect(await current()).toEqual(before);
  });

  it.each([
    ["no JSON object", { config: [], parent: 0 }, 400, "validation_failed"],
    ["no parent", { config: {} }, 400, "validation_failed"],
    ["an unknown member", { config: {}, parent: 0, force: true }, 400, "validation_failed"],
    ["a note of several lines", { config: {}, parent: 0, note: "a\nb" }, 400, "validation_failed"],
    ["nothing in it", { config: {}, parent: 0 }, 422, "config_invalid"],
  ])("%s is refused", async (_name, body, status, code) => {
    const told = await admin.call("POST", "/config", body);
    expect([told.status, told.json.code]).toEqual([status, code]);
  });

  it("one of more than a MiB is refused, also where it would be right", async () => {
    const large = demoConfig((config) => {
      config.issuer.apis[0] = { ...config.issuer.apis[0], scopes: { "orders:read": "x".repeat(1024 * 1024) } };
    });
    const told = await admin.call("POST", "/config", { config: large, parent: await parent() });
    expect([told.status, told.json.code]).toEqual([422, "config_invalid"]);
    const huge = { config: { x: "x".repeat(2 * 1024 * 1024) }, parent: 0 };
    expect((await admin.call("POST", "/config", huge)).status).toBe(413);
  });
});

describe("what belongs to the deployment is not published", () => {
  const change = (at: string, value: unknown) =>
    demoConfig((config) => {
      const steps = at.split(".");
      const last = steps.pop() ?? "";
      const owner = steps.reduce<Record<string, unknown>>((held, step) => {
        held[step] ??= {};
        return held[step] as Record<string, unknown>;
      }, config);
      owner[last] = typeof value === "function" ? value(owner[last]) : value;
    });

  it.each([
    ["issuer.hosts", (hosts: readonly string[] = []) => [...hosts, "issuer.example"], "issuer.hosts"],
    ["gateway.hosts", [], "gateway.hosts"],
    ["issuer.signingKeys", { rotateAfterSeconds: 60 }, "issuer.signingKeys"],
    ["issuer.retention", { sweepSeconds: 60 }, "issuer.retention"],
    ["issuer.accessTokenTtlSeconds", 901, "issuer.accessTokenTtlSeconds"],
    ["issuer.idTokenTtlSeconds", 86_400, "issuer.idTokenTtlSeconds"],
    ["issuer.algorithm", "PS256", "issuer.algorithm"],
  ])("%s", async (at, value, field) => {
    const told = await admin.call("POST", "/config", { config: change(at, value), parent: await parent() });
    expect([told.status, told.json.code]).toEqual([422, "config_invalid"]);
    expect(told.json.errors.map((fault) => fault.field)).toEqual([field]);
    expect(told.json.errors[0]?.reason).toMatch(/deploy/);
  });

  it("a secret by name: not one that is not bound, and not one sent elsewhere", async () => {
    const config = demoConfig((one) => {
      one.origins.demo = {
        ...one.origins.demo,
        onward: { tokenUrl: "http://127.0.0.1:9/token", clientId: "gate", clientSecretBinding: "PARTNER_SECRET" },
      };
    });
    const told = await admin.call("POST", "/config", { config, parent: await parent() });
    expect(told.json.errors).toMatchObject([{ field: "origins.demo.onward" }]);
  });
});

describe("rolling back", () => {
  it("goes to the version before, and from there further back; each step is a version of its own", async () => {
    const first = await admin.call("POST", "/config", { config: limited(20), parent: await parent() });
    const second = await admin.call("POST", "/config", { config: limited(21), parent: first.json.version });
    const back = await admin.call("POST", "/config/rollback", { parent: second.json.version, note: "21 was wrong" });
    expect(back.status).toBe(200);
    expect(back.json).toMatchObject({
      version: Number(second.json.version) + 1,
      hash: first.json.hash,
      restores: first.json.version,
    });
    const again = await admin.call("POST", "/config/rollback", { parent: back.json.version });
    expect(again.json).toMatchObject({ restores: first.json.parent });
  });

  it("sent twice it goes one step", async () => {
    const seen = await parent();
    const both = await Promise.all([1, 2].map(() => admin.call("POST", "/config/rollback", { parent: seen })));
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  it("without a target and without the version to leave it is refused", async () => {
    const told = await admin.call("POST", "/config/rollback", {});
    expect(told.json.errors).toMatchObject([{ field: "parent" }]);
  });

  it("goes to a hash that ran, and not to one that did not", async () => {
    const { data } = (await admin.call("GET", "/config/versions")).json;
    const oldest = data.at(-1);
    const told = await admin.call("POST", "/config/rollback", { to: String(oldest?.hash) });
    expect(told.json).toMatchObject({ hash: oldest?.hash });
    const unknown = await admin.call("POST", "/config/rollback", { to: "0".repeat(64) });
    expect(unknown.json.code).toBe("not_found");
    expect((await admin.call("POST", "/config/rollback", { to: "latest" })).json.code).toBe("validation_failed");
  });

  it("goes to what was deployed, for good: another step back needs a publish first", async () => {
    const told = await admin.call("POST", "/config/rollback", { to: "bundled" });
    expect(told.json).toMatchObject({ hash: "bundled", restores: 0 });
    const again = await admin.call("POST", "/config/rollback", { to: "bundled" });
    expect([again.status, again.json.version]).toEqual([200, told.json.version]);
    expect((await admin.call("POST", "/config/rollback", { parent: told.json.version })).json.code).toBe("not_found");
  });

  it("refuses what this release and deployment do not run any more", async () => {
    const text = canonicalJson(
      demoConfig((config) => {
        config.gateway.url = "http://elsewhere.test";
      }),
    );
    const hash = await sha256Hex(text);
    const version = (await parent()) + 1;
    await stores.db.batch([
      stores.db.prepare("INSERT INTO config_snapshots (hash, body) VALUES (?, ?)").bind(hash, text),
      stores.db
        .prepare("INSERT INTO config_versions VALUES (?, ?, ?, NULL, 'x', 'test', '', 0)")
        .bind(version, hash, version - 1),
    ]);
    await admin.call("POST", "/config", { config: limited(30), parent: version });
    const told = await admin.call("POST", "/config/rollback", { to: hash });
    expect([told.status, told.json.errors.map(({ field }) => field)]).toEqual([
      422,
      expect.arrayContaining(["gateway.url"]),
    ]);
  });
});

describe("the history", () => {
  it("is listed newest first, page by page, with who did it", async () => {
    const first = (await admin.call("GET", "/config/versions?limit=2")).json;
    const next = (await admin.call("GET", `/config/versions?limit=2&cursor=${first.next_cursor}`)).json;
    const versions = [...first.data, ...next.data].map(({ version }) => Number(version));
    expect(versions).toEqual(versions.toSorted((a, b) => b - a));
    expect(new Set(versions).size).toBe(4);
    expect(first.data[0]?.actor).toMatch(/^cli_/);
  });

  it("a deployment that brought another configuration since is told as drift", async () => {
    await admin.call("POST", "/config", { config: limited(40), parent: await parent() });
    expect((await admin.call("GET", "/config")).json.drift).toBe(false);
    const { configs } = admin.parts;
    const deployed = await adminCaller({
      configs: { ...configs, bundled: async () => ({ hash: "b".repeat(64), text: "{}" }) },
    });
    expect((await deployed.call("GET", "/config")).json).toMatchObject({ drift: true, bundle: "b".repeat(64) });
  });

  it("a version that the feed has seen is never given out again, also where the database was set back", async () => {
    await stores.feed.append([{ kind: "pointer", id: "f".repeat(64), epoch: 5_000, untilMs: 8_640_000_000_000_000 }]);
    const isolate = await adminCaller();
    const told = await isolate.call("POST", "/config", { config: limited(50), parent: await parent() });
    expect(told.json.version).toBe(5_001);
  });
});
