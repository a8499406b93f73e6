import { describe, expect, it } from "vitest";
import { DeploymentFault, type Environment } from "../../../src/bindings.ts";
import { installedConfig } from "../../../src/compose/stores.ts";
import { compileConfig } from "../../../src/config/compile.ts";
import { judgeConfig } from "../../../src/config/judge.ts";
import { err } from "../../../src/kernel/result.ts";
import { ADDED, add, changed, type MutableConfig } from "../../support/changed_config.ts";
import { PARTNER_URL } from "../../support/gateway_config.ts";

type Change = (config: MutableConfig) => unknown;

const ACTIONS = { document: { attributes: { owner: "string" }, actions: { read: {} } } };
const OWNERS = { id: "owners", effect: "allow", when: "resource.owner == principal.id", on: ["document:read"] };
const withPolicy = (policy: object) => (config: MutableConfig) => {
  config.policy = { principal: {}, resources: ACTIONS, rules: [OWNERS], ...policy };
};
const PIN = { sha256: "a".repeat(64), from: "2026-01-01T00:00:00Z", until: "2030-01-01T00:00:00Z" };
const BACKUP = { ...PIN, sha256: "b".repeat(64), until: "2031-01-01T00:00:00Z", backup: true };
const withPins = (pins: object) => (config: MutableConfig) => {
  config.gateway.pins = pins;
};

function paths(judged: ReturnType<typeof compileConfig>): readonly string[] {
  return judged.ok ? [] : judged.error.map(({ path }) => path);
}

describe("what opens nothing", () => {
  it.each<[string, Change, string]>([
    [
      "a limit that no route uses",
      (c) => (c.limits.idle = { algorithm: "fixed", limit: 5, windowSeconds: 1 }),
      "limits.idle",
    ],
    [
      "an origin that no route uses",
      (c) => (c.origins.idle = { url: "https://o.test", audience: "a" }),
      "origins.idle",
    ],
    [
      "a private origin that nothing calls",
      (c) => (c.gateway.outboundOrigins = [PARTNER_URL, "http://10.0.0.1"]),
      "gateway.outboundOrigins[1]",
    ],
    [
      "an action that rules deny and none allows",
      withPolicy({ rules: [{ ...OWNERS, effect: "deny" }] }),
      "policy.resources.document.actions.read",
    ],
    [
      "a permission that is demanded twice",
      withPolicy({
        resources: { document: { ...ACTIONS.document, actions: { read: { permissions: ["a:b", "a:b"] } } } },
      }),
      "policy.resources.document.actions.read.permissions[1]",
    ],
    [
      "an authentication that nobody gives",
      withPolicy({ rules: [{ ...OWNERS, stepUp: { acrValues: ["nobody"] } }] }),
      "policy.rules[0].stepUp.acrValues",
    ],
    ["pins without a backup", withPins({ one: { clients: ["a"], pins: [PIN] } }), "gateway.pins.one.pins"],
    [
      "a pin that ends before it begins",
      withPins({ one: { clients: ["a"], pins: [{ ...PIN, until: "2025-01-01T00:00:00Z" }, BACKUP] } }),
      "gateway.pins.one.pins[0].until",
    ],
    [
      "relations that mean nothing",
      withPolicy({ relations: { document: { viewer: "[usr]" } } }),
      "policy.relations.document.viewer",
    ],
  ])("%s: authors and publishers are told, and a gate that has it runs", (_, change, path) => {
    const input = changed((config) => {
      if (path.includes("stepUp")) {
        config.gateway.trustedIssuers = config.gateway.trustedIssuers.filter(({ keys }) => keys === "ring");
      }
      change(config);
    });
    expect(paths(judgeConfig(input))).toContain(path);
    expect(paths(compileConfig(input))).toEqual([]);
  });
});

describe("by what a gate could let pass more than was meant", () => {
  it.each<[string, Change, string]>([
    ["a limit that is nowhere", add({ limits: ["nowhere"] }), `${ADDED}.limits[0]`],
    ["a list that is nowhere", add({ lists: ["nowhere"] }), `${ADDED}.lists[0]`],
    ["a set of pins that is nowhere", add({ transport: { pins: "nowhere" } }), `${ADDED}.transport.pins`],
    ["scopes of a public route", add({ public: true, scopes: ["orders:read"] }), `${ADDED}.public`],
    ["an action that is nowhere", add({ action: "document:nothing" }), `${ADDED}.action`],
    [
      "a rule on what is nowhere",
      withPolicy({ rules: [OWNERS, { ...OWNERS, id: "none", effect: "deny", on: ["document:purge"] }] }),
      "policy.rules[1].on[0]",
    ],
    [
      "a rule that cannot be read",
      withPolicy({ rules: [OWNERS, { ...OWNERS, id: "none", effect: "deny", when: "resource.owner ==" }] }),
      "policy.rules[1].when",
    ],
    [
      "a client of two sets of pins",
      withPins({ one: { clients: ["a"], pins: [PIN, BACKUP] }, two: { clients: ["a"], pins: [PIN, BACKUP] } }),
      "gateway.pins.two.clients[0]",
    ],
    [
      "a pin with two times",
      withPins({ one: { clients: ["a"], pins: [PIN, BACKUP, { ...PIN, until: BACKUP.until }] } }),
      "gateway.pins.one.pins[2].sha256",
    ],
    ["two routes for the same calls", (c) => c.routes.push({ ...c.routes[0], id: "again" } as never), "routes"],
    ["an unknown member", (c) => (c.gateway.debug = true), "gateway"],
  ])("%s: no gate runs it, whoever published it", (_, change, path) => {
    expect(paths(compileConfig(changed(change)))).toContain(path);
    expect(paths(judgeConfig(changed(change)))).toContain(path);
  });
});

it("what was deployed is refused by whoever is given a stricter look at it, with every place", () => {
  const env = {
    ISSUER_URL: "http://localhost:8787",
    GATEWAY_URL: "http://localhost:8787",
    DEMO_ORIGIN_URL: "http://127.0.0.1:8788",
  } as unknown as Environment;
  expect(installedConfig(env, judgeConfig), "positive control: the demo").toMatchObject({ version: 1 });
  const strict = () => err([{ path: "limits.idle", reason: "is used by no route" }]);
  expect(() => installedConfig(env, strict)).toThrow(DeploymentFault);
  expect(() => installedConfig(env, strict)).toThrow("limits.idle: is used by no route");
});
