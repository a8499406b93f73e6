import { describe, expect, it } from "vitest";
import { type ActionSources, routeActions } from "../../src/compose/route_actions.ts";
import { compileConfig } from "../../src/config/compile.ts";
import { actionConfig } from "../support/action_config.ts";

/* What a route learns of its caller before its rules are asked. A deny rule that is asked with less than it names would let pass. */

function listAction(when: string) {
  const config = actionConfig();
  const rules = [...(config.policy?.rules ?? []), { id: "not-all", effect: "deny" as const, on: ["order:list"], when }];
  const compiled = compileConfig({ ...config, policy: { ...config.policy, rules } });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  const relations = {} as NonNullable<ActionSources["relations"]>;
  const actions = routeActions(compiled.value, { relations, metadata: new Map(), says: new Map() });
  return compiled.value.routes.map(actions).find((action) => action?.policy.id === "order:list");
}

describe("rules that ask for permissions or relations, however they are written", () => {
  it.each(['permitted(principal, "order:approve")', 'permitted // a comment\n (principal, "order:approve")'])(
    "permissions: %j",
    (when) => {
      expect(listAction(when)).toMatchObject({ asksPermissions: true, relations: null });
    },
  );

  it.each([
    'can(principal, "member", object("group", "g1"))',
    'can // a comment\n (principal, "member", object("group", "g1"))',
  ])("relations: %j", (when) => {
    const action = listAction(when);
    expect(action?.asksPermissions).toBe(false);
    expect(action?.relations).not.toBeNull();
  });

  it("a rule that asks for neither costs neither", () => {
    expect(listAction("has(env.country)")).toMatchObject({ asksPermissions: false, relations: null });
  });
});
