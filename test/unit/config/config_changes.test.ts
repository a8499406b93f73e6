import { describe, expect, it } from "vitest";
import { configChanges } from "../../../scripts/cli/config_changes.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { changed, type MutableConfig } from "../../support/changed_config.ts";
import { compiled } from "../../support/install.ts";

/** What `change` does to the test installation, as `config diff` prints it. */
function told(change: (config: MutableConfig) => void): string[] {
  const before = compiled(changed(() => undefined) as ConfigInput);
  const after = compiled(changed(change) as ConfigInput);
  return configChanges(before, after).map(({ effect, text }) => `${effect} ${text}`);
}

function route(config: MutableConfig, path: string): Record<string, unknown> {
  const found = config.routes.find((one) => one.path === path && one.methods.includes("GET"));
  if (found === undefined) throw new Error(`no route ${path}`);
  return found;
}

describe("what a configuration would change", () => {
  it("nothing, for another order of routes and members", () => {
    expect(told((config) => void config.routes.reverse())).toEqual([]);
  });

  it.each<[string, (config: MutableConfig) => void, string[]]>([
    [
      "a route made public",
      (config) => void Object.assign(route(config, "/whoami"), { public: true }),
      ["opens GET /whoami: public, open to anyone"],
    ],
    [
      "a public route closed",
      (config) => void Object.assign(route(config, "/public/health"), { public: false }),
      ["closes GET /public/health: no longer public"],
    ],
    [
      "a scope taken away, and another one demanded",
      (config) => void Object.assign(route(config, "/orders"), { scopes: ["orders:write"] }),
      [
        "opens GET /orders: no longer demands the scope orders:read",
        "closes GET /orders: demands the scope orders:write",
      ],
    ],
    [
      "a new route",
      (config) => void config.routes.push({ path: "/new", methods: ["GET"], origin: "main", roles: ["a", "b"] }),
      ["opens GET /new: new, for role a or b"],
    ],
    [
      "a route that is gone",
      (config) => void config.routes.splice(config.routes.indexOf(route(config, "/whoami") as never), 1),
      ["closes GET /whoami: gone (404)"],
    ],
    [
      "one more role of several, any of which is enough",
      (config) => void Object.assign(route(config, "/managers"), { roles: ["manager", "owner", "intern"] }),
      ["opens GET /managers: demands one of the roles manager, owner, intern, before one of the roles manager, owner"],
    ],
    [
      "roles no longer demanded",
      (config) => void Object.assign(route(config, "/managers"), { roles: [] }),
      ["opens GET /managers: demands no role, before one of the roles manager, owner"],
    ],
    [
      "a limit raised",
      (config) => void Object.assign(config.limits.ping ?? {}, { limit: 6 }),
      ["opens limits.ping.limit: 5 → 6"],
    ],
    [
      "a limit taken off a route",
      (config) => void Object.assign(route(config, "/limited/both"), { limits: ["ping"] }),
      ['opens GET /limited/both limits allow: no longer {"cost":1}'],
    ],
    [
      "another issuer trusted no more",
      (config) => {
        config.gateway.trustedIssuers.pop();
        config.gateway.outboundOrigins = [];
      },
      [
        expect.stringContaining("closes gateway.trustedIssuers.https://partner.test: no longer tokens open routes:"),
        "closes gateway.outboundOrigins: no longer may call https://partner.test",
      ] as string[],
    ],
    [
      "something whose meaning is the reader's to judge",
      (config) => void Object.assign(config.origins.main ?? {}, { timeoutMs: 3_000 }),
      ["changes origins.main.timeoutMs: 2000 → 3000"],
    ],
  ])("%s", (_name, change, lines) => {
    expect(told(change)).toEqual(lines);
  });
});

describe("what a policy would change", () => {
  const rule = { id: "owners", effect: "allow", when: "resource.owner == principal.id", on: ["document:read"] };
  const base = {
    resources: { document: { attributes: { owner: "string" }, actions: { read: { permissions: ["document:read"] } } } },
    relations: { document: { viewer: "[user]" } },
    rules: [rule, { ...rule, id: "second" }],
  };
  const policies = (before: object, after: object): string[] => {
    const of = (policy: object) => compiled(changed((config) => Object.assign(config, { policy })) as ConfigInput);
    return configChanges(of(before), of(after)).map(({ effect, text }) => `${effect} ${text.slice(0, 60)}`);
  };

  it("nothing, for another order of rules", () => {
    expect(policies(base, { ...base, rules: base.rules.toReversed() })).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["another condition", { rules: [{ ...rule, when: "true" }, base.rules[1]] }, "opens policy.rules.owners.when:"],
    ["a rule in shadow", { rules: [{ ...rule, mode: "shadow" }, base.rules[1]] }, "opens policy.rules.owners.mode:"],
    ["a rule that allows", { rules: [...base.rules, { ...rule, id: "third" }] }, "opens policy.rules.third: now"],
    ["a rule that goes, maybe the last one", { rules: [rule] }, "opens policy.rules.second: no longer"],
    [
      "a rule that denies",
      { rules: [...base.rules, { ...rule, id: "no", effect: "deny" }] },
      "closes policy.rules.no: now",
    ],
    [
      "a step-up",
      { rules: [{ ...rule, stepUp: { acrValues: ["mfa"] } }, base.rules[1]] },
      "opens policy.rules.owners.stepUp:",
    ],
    [
      "a relation",
      { relations: { document: { viewer: "[user, client]" } } },
      "opens policy.relations.document.viewer:",
    ],
    [
      "a permission less",
      { resources: { document: { attributes: { owner: "string" }, actions: { read: {} } } } },
      "opens policy.resources.document.actions.read.permissions: no",
    ],
  ])("%s", (_, change, line) => {
    expect(policies(base, { ...base, ...change })).toEqual([expect.stringContaining(line.slice(0, 60))]);
  });

  it("whom properties are for, and where they stand", () => {
    const of = (fields: object | null, places: object | null = null): ConfigInput =>
      changed((config) => {
        const document = { actions: { read: { permissions: ["document:read"] } }, ...(fields && { fields }) };
        Object.assign(config, { policy: { principal: {}, resources: { document } } });
        const route = { path: "/d/:id", methods: ["GET"], origin: "main", action: "document:read" };
        config.routes.push({ ...route, ...(places && { fields: places }) });
      }) as ConfigInput;
    const told = (before: ConfigInput, after: ConfigInput) =>
      configChanges(compiled(before), compiled(after)).map(({ effect, text }) => `${effect} ${text}`);
    const few = { properties: { "/id": { read: "anyone" } } };
    const more = { properties: { ...few.properties, "/pay": { read: ["role:hr"] } } };
    const [list, whole] = [{ response: { at: "/*" } }, { response: { at: "" } }];
    const at = /^(?:opens|closes) (?:policy\.resources\.document|GET \/d\/:id) ?\.?fields/;
    const effects = [
      told(of(null), of(few)),
      told(of(few), of(null)),
      told(of(few), of(more)),
      told(of(few, list), of(few, whole)),
    ];
    for (const lines of effects) expect(lines).toEqual([expect.stringMatching(at)]);
    expect(effects.map(([line = ""]) => line.split(" ", 1)[0])).toEqual(["closes", "opens", "opens", "opens"]);
  });

  const action = "document:read";
  const resource = { id: { path: "id" } };
  const guarded = { action, resource };

  it.each<[string, object, object, string[]]>([
    ["another action", guarded, { ...guarded, action: "document:update" }, ["opens GET /d/:id action: "]],
    ["no action any more", { action }, {}, ["opens GET /d/:id action: no longer document:read"]],
    ["an action where there was none", {}, { action }, ["closes GET /d/:id action: now document:read"]],
    ["a resource that goes", guarded, { action }, ["opens GET /d/:id resource: no longer"]],
    [
      "an id from elsewhere",
      guarded,
      { action, resource: { id: { query: "id" } } },
      [
        "opens GET /d/:id resource id path: no longer",
        "opens GET /d/:id resource id query: now",
        "opens GET /d/:id resource id several: now",
      ],
    ],
    [
      "the caller's own word on an attribute",
      guarded,
      { action, resource: { ...resource, attributes: { owner: { query: "owner" } } } },
      ["opens GET /d/:id resource attributes owner: now"],
    ],
    ["whose roles count", guarded, { ...guarded, tenant: { path: "id" } }, ["opens GET /d/:id tenant: now"]],
  ])("of a route: %s", (_, before, after, lines) => {
    const actions = { read: {}, update: {} };
    const rules = [{ id: "all", effect: "allow", when: "true", on: ["document:*"] }];
    const policy = { resources: { document: { attributes: { owner: "string" }, actions } }, rules };
    const of = (asked: object) =>
      compiled(
        changed((config) => {
          Object.assign(config, { policy });
          config.routes.push({ path: "/d/:id", methods: ["GET"], origin: "main", ...asked });
        }) as ConfigInput,
      );
    const changes = configChanges(of(before), of(after)).map(({ effect, text }) => `${effect} ${text}`);
    expect(changes.length).toBe(lines.length);
    for (const [at, line] of lines.entries()) expect(changes[at]).toContain(line);
  });

  it("a policy that goes opens", () => {
    const before = compiled(changed((config) => Object.assign(config, { policy: base })) as ConfigInput);
    const after = compiled(changed(() => undefined) as ConfigInput);
    expect(configChanges(before, after).map(({ effect }) => effect)).toEqual(["opens"]);
  });
});
