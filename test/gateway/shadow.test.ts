import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { Call } from "../../src/access/gate.ts";
import type { Trace } from "../../src/access/pass_gate.ts";
import type { ShadowWatch } from "../../src/access/shadow_watch.ts";
import { need, readBindings } from "../../src/bindings.ts";
import { wireSweeper } from "../../src/compose/objects.ts";
import type { ConfigInput } from "../../src/config/schema.ts";
import { Outage } from "../../src/kernel/outage.ts";
import type { ShadowDifference, ShadowRun } from "../../src/ports/shadow.ts";
import { actionConfig } from "../support/action_config.ts";
import { type AdminCaller, adminCaller, migrate, mintToken } from "../support/admin_world.ts";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { install } from "../support/install.ts";
import { copies, demoConfig, HOST, openLive, publish, routeOf } from "../support/live_world.ts";
import { captureLogs, secret } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

const bindings = readBindings(env);
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  await migrate();
  ring = await ringKey();
});
beforeEach(() => {
  network.origin(() => Response.json({ from: "origin" }));
  network.serve("http://127.0.0.1:8788", () => Response.json({ from: "origin" }));
});
afterEach(() => {
  vi.useRealTimers();
});

type Rule = NonNullable<NonNullable<ConfigInput["policy"]>["rules"]>[number];

/** A gate with one more rule, and what it told. */
function gateWith(rule: Rule, note: () => Promise<void> = async () => undefined, share = 1) {
  const told: { runs: readonly ShadowRun[]; differences: readonly ShadowDifference[] }[] = [];
  const config = actionConfig();
  const { policy } = config;
  if (policy === undefined) throw new Error("no policy");
  const records = {
    note: (runs: readonly ShadowRun[], differences: readonly ShadowDifference[]) => {
      told.push({ runs, differences });
      return note();
    },
  };
  const gate = install({
    config: {
      ...config,
      gateway: { ...config.gateway, shadow: { share } },
      policy: { ...policy, rules: [...(policy.rules ?? []), rule] },
    },
    shadow: { records, snapshots: { configSnapshot: async () => null } },
  });
  const call = async (path: string, claims: Record<string, unknown> = {}) => {
    const headers = bearer(await token(ring, { sub: "usr_alice", client_id: "web", ...claims }));
    const response = await gate.fetch(path, { headers });
    await response.text();
    return response.status;
  };
  return { told, gate, call };
}

const CLOSED: Rule = {
  id: "no-lists-for-clerks",
  effect: "deny",
  on: ["order:list"],
  when: '"clerk" in principal.roles',
  mode: "shadow",
};

describe("a rule in shadow", () => {
  it("decides nothing; where it would, that is counted behind the answer, with the rule, and no value of a call", async () => {
    const { told, gate, call } = gateWith(CLOSED);
    const statuses = [
      await call("/all-orders", { roles: ["clerk"] }),
      await call("/all-orders", { roles: ["clerk"] }),
      await call("/all-orders", { roles: ["manager"] }),
      await call("/whoami"),
    ];
    expect(statuses).toEqual([200, 200, 200, 200]);
    expect(told, "nobody waits for it").toEqual([]);
    await gate.settled();
    expect(told).toMatchObject([
      {
        runs: [{ tried: "rules", compared: 3, undecided: 0, skipped: 0 }],
        differences: [
          {
            tried: "rules",
            route: "GET /all-orders",
            action: "order:list",
            live: "allow",
            shadow: "rule_denied",
            rule: "no-lists-for-clerks",
            calls: 2,
          },
        ],
      },
    ]);
    const [example] = told[0]?.differences[0]?.examples ?? [];
    expect(example).toEqual({ requestId: expect.stringMatching(/^[0-9a-f-]{36}$/), subject: "user" });
    expect(JSON.stringify(told)).not.toContain("usr_alice");
  });

  it("that fails, or asks for what nobody has in memory, changes no answer and is undecided or told as what it would be", async () => {
    const failing = gateWith({ ...CLOSED, when: 'principal.department == "law"' });
    expect(await failing.call("/all-orders")).toBe(200);
    await failing.gate.settled();
    expect(failing.told[0]?.differences).toMatchObject([{ live: "allow", shadow: "rule_failed" }]);
    const asking = gateWith({
      id: "none-for-viewers",
      effect: "deny",
      on: ["document:share"],
      when: 'can(principal, "editor", resource)',
      mode: "shadow",
    });
    network.origin(() => Response.json({ owner: "usr_alice" }));
    const before = network.originCalls.length;
    expect(await asking.call("/hidden/mine")).toBe(200);
    await asking.gate.settled();
    expect(asking.told).toMatchObject([{ runs: [{ compared: 0, undecided: 1 }], differences: [] }]);
    expect(network.originCalls.length - before, "asks no origin again").toBe(2);
  });

  it("is told to nobody who cannot hear it, and the log says so", async () => {
    const { gate, call } = gateWith(CLOSED, () => Promise.reject(new Outage("shadow")));
    expect(await call("/all-orders")).toBe(200);
    await gate.settled();
    expect(logs.events("shadow_lost")).toMatchObject([{ calls: 1 }]);
  });

  it("is not asked beyond the share of calls that is wished", async () => {
    const { told, gate, call } = gateWith(CLOSED, undefined, 0);
    expect(await call("/all-orders", { roles: ["clerk"] })).toBe(200);
    await gate.settled();
    expect(told).toEqual([]);
    expect(gate.authorizer.gateway.shadow, "where that is none, nobody looks").toBeNull();
  });

  it("costs a route whose action it is not on nothing: its decision is not even waited for", async () => {
    const { gate, call } = gateWith(CLOSED);
    const { shadow } = gate.authorizer.gateway;
    const work: unknown[] = [];
    const watched = (route: string | null) => {
      const asked = { nowMs: Date.now(), defer: (one: unknown) => work.push(one) } as unknown as Call;
      const decided = { catch: () => new Promise(() => undefined) } as unknown as Parameters<ShadowWatch["watch"]>[0];
      shadow?.watch(decided, asked, { route } as unknown as Trace, "00000000-x");
      return work.length;
    };
    expect([watched("GET /whoami"), watched(null), watched("GET /all-orders")]).toEqual([0, 0, 1]);
    expect(await call("/whoami")).toBe(200);
  });

  it("a flood is answered, and counted, to the last call (test/unit/access/shadow_watch.test.ts has its bounds)", async () => {
    vi.setSystemTime(1_800_000_000_000);
    const { told, gate, call } = gateWith(CLOSED);
    const headers = { roles: ["clerk"] };
    const statuses = await Promise.all(Array.from({ length: 60 }, () => call("/all-orders", headers)));
    expect(new Set(statuses)).toEqual(new Set([200]));
    vi.useRealTimers();
    await gate.settled();
    const runs = told.flatMap((one) => one.runs);
    const sum = (what: "compared" | "skipped") => runs.reduce((all, run) => all + run[what], 0);
    expect(sum("compared") + sum("skipped")).toBe(60);
  });
});

describe("a configuration in shadow", () => {
  const PAST_BOUND_MS = 4_000;
  let admin: AdminCaller;
  let nowMs: number;

  beforeAll(async () => {
    admin = await adminCaller();
    // After the operator's token, which is of no time to come.
    nowMs = Date.now();
  });
  beforeEach(() => {
    vi.spyOn(Date, "now").mockImplementation(() => nowMs);
  });

  const tried = () =>
    demoConfig((config) => {
      const health = routeOf(config, "/public/health");
      health.public = false;
      health.scopes = ["orders:read"];
      routeOf(config, "/orders").scopes = ["orders:write"];
      config.routes.push({ path: "/public/new", methods: ["GET"], origin: "demo", public: true });
    });

  it("is followed by another isolate, decides nothing there, and is told where it differs", async () => {
    const [asked, other] = [openLive(), openLive()];
    const headers = {
      authorization: `Bearer ${secret(await mintToken({ audience: [`${HOST}/`], scopes: ["orders:read"] }))}`,
    };
    expect(await other.status("/public/health")).toBe(200);
    const put = await asked.administer("PUT", "/shadow", { config: tried(), note: "close health" });
    expect([put.status, put.json.version]).toEqual([200, 1]);
    nowMs += PAST_BOUND_MS;
    // The first call hears of it and loads it behind its answer.
    expect(await other.status("/public/health")).toBe(200);
    await other.settled();
    const statuses = [
      await other.status("/public/health"),
      await other.status("/orders", { headers }),
      await other.status("/public/new"),
      await other.status("/whoami", { headers }),
    ];
    expect(statuses).toEqual([200, 200, 404, 200]);
    await other.settled();
    const list = await admin.call("GET", "/shadow");
    const hash = put.json.hash;
    expect(list.json).toMatchObject({
      current: { version: 1, hash, note: "close health" },
      runs: [{ tried: hash, compared: 4, undecided: 0 }],
    });
    const data = list.json.data as unknown as readonly Record<string, unknown>[];
    expect(data.map(({ route, live, shadow, calls }) => [route, live, shadow, calls]).sort()).toEqual([
      ["", "no_route", "allow", 1],
      ["GET /orders", "allow", "scope_missing", 1],
      ["GET /public/health", "allow", "unauthenticated", 1],
    ]);
    const filtered = await admin.call("GET", "/shadow?live=no_route&limit=1");
    expect(filtered.json.data).toHaveLength(1);
    const reset = await admin.call("DELETE", "/shadow/differences");
    expect(reset.json).toEqual({ forgotten: 3 });
    expect((await admin.call("GET", "/shadow")).json).toMatchObject({ runs: [], data: [] });
  });

  it("that is taken out is compared no more, and what was in shadow is made live by an ordinary publish", async () => {
    const isolate = openLive();
    expect((await isolate.administer("DELETE", "/shadow")).json).toMatchObject({ hash: null, version: 2 });
    nowMs += PAST_BOUND_MS;
    await isolate.status("/public/health");
    await isolate.settled();
    expect((await admin.call("GET", "/shadow")).json).toMatchObject({ current: { hash: null }, runs: [] });
    await publish(isolate, tried());
    expect(await isolate.status("/public/health")).toBe(401);
    await isolate.administer("POST", "/config/rollback", { to: "bundled" });
  });

  it("that would not run is refused with its faults, and of two operators at once one wins", async () => {
    const wrong = demoConfig((config) => {
      routeOf(config, "/orders").origin = "none";
    });
    expect((await admin.call("PUT", "/shadow", { config: wrong })).json.code).toBe("config_invalid");
    const asked = [1, 2, 3].map((limit) =>
      admin.call("PUT", "/shadow", {
        parent: 2,
        config: demoConfig((config) => {
          config.limits = { ping: { algorithm: "fixed", limit, windowSeconds: 10 } };
        }),
      }),
    );
    expect((await Promise.all(asked)).map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  it("is told again by the sweeper to a feed that lost it, so that new isolates hear of it", async () => {
    const config = demoConfig((changed) => {
      changed.limits = { ping: { algorithm: "fixed", limit: 78, windowSeconds: 10 } };
    });
    const { json } = await admin.call("PUT", "/shadow", { config });
    const loadedBy = async () => {
      const isolate = openLive();
      await isolate.status("/public/health");
      await isolate.settled();
      return logs.events("shadow_runs").some(({ hash }) => hash === json.hash);
    };
    const feed = need(bindings, "EDGE_FEED").getByName("one");
    await runInDurableObject(feed, (_, { storage }) => storage.deleteAll());
    await evictDurableObject(feed);
    expect(await loadedBy()).toBe(false);
    await copies.delete(`cfg:${json.hash}`);
    await wireSweeper(env).sweep(nowMs);
    expect(await copies.get(`cfg:${json.hash}`)).not.toBeNull();
    expect(await loadedBy()).toBe(true);
  });

  it("that cannot be had changes nothing, and the log says so", async () => {
    const isolate = openLive({
      reader: (real) => ({ ...real, configSnapshot: () => Promise.reject(new Outage("issuer")) }),
    });
    const config = demoConfig((changed) => {
      changed.limits = { ping: { algorithm: "fixed", limit: 77, windowSeconds: 10 } };
    });
    const { json } = await admin.call("PUT", "/shadow", { config });
    await copies.delete(`cfg:${json.hash}`);
    nowMs += PAST_BOUND_MS;
    expect(await isolate.status("/public/health")).toBe(200);
    await isolate.settled();
    expect(await isolate.status("/public/health")).toBe(200);
    expect(logs.events("shadow_not_loaded")).toMatchObject([{ hash: json.hash }]);
  });
});
