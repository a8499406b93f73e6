import type { Result } from "../kernel/result.ts";
import { type RelationNames, relationNames } from "../policy/relations/relation_names.ts";
import { type CompiledRule, RuleCompiler } from "../rules/compile_rule.ts";
import type { Config, RouteConfig } from "./schema.ts";
import type { PolicyConfig, RuleConfig } from "./schemas/policy.ts";

/** The `policy` of a configuration with all that is made of its texts, whether or not they are what they should be. */
export interface ReadPolicy {
  /** Null where there are none. */
  readonly relations: RelationNames | null;
  /** In the order of the configuration. */
  readonly rules: readonly ReadRule[];
}

export interface ReadRule {
  readonly rule: RuleConfig;
  /** The actions that it is on. */
  readonly actions: readonly string[];
  /** What became of its condition for each type of resources among them. */
  readonly byType: ReadonlyMap<string, Result<CompiledRule, readonly string[]>>;
}

/** The parts of a configuration that its policy is read from. */
export interface WithPolicy extends Pick<Config, "policy" | "issuer"> {
  readonly routes: readonly Pick<RouteConfig, "permissions">[];
}

/** Compiled once: what checks a configuration and what wires it read the same. */
const KNOWN = new WeakMap<PolicyConfig, ReadPolicy>();

/** Reads the policy of `config`; null where it has none. */
export function readPolicy(config: WithPolicy): ReadPolicy | null {
  const { policy } = config;
  if (policy === undefined) return null;
  const known = KNOWN.get(policy);
  if (known !== undefined) return known;
  const read = compilePolicy(policy, config);
  KNOWN.set(policy, read);
  return read;
}

/** The live rules on `action` that wait for the body, by id. */
export function bodyRules(config: WithPolicy, action: string): readonly string[] {
  const type = typeOf(action);
  return (readPolicy(config)?.rules ?? []).flatMap(({ rule, actions, byType }) => {
    const compiled = actions.includes(action) && rule.mode === "live" ? byType.get(type) : undefined;
    return compiled?.ok && compiled.value.needsBody ? [rule.id] : [];
  });
}

/** The resource type of an action. */
export function typeOf(action: string): string {
  return action.slice(0, action.indexOf(":"));
}

/** Every action that `policy` declares. */
export function actionsOf({ resources }: PolicyConfig): readonly string[] {
  return Object.entries(resources).flatMap(([type, { actions }]) =>
    Object.keys(actions).map((name) => `${type}:${name}`),
  );
}

/** The actions among `actions` that an entry of `on` names. */
export function namedBy(on: string, actions: readonly string[]): readonly string[] {
  if (on === "*") return actions;
  return on.endsWith(":*")
    ? actions.filter((action) => typeOf(action) === typeOf(on))
    : actions.filter((action) => action === on);
}

function compilePolicy(policy: PolicyConfig, { issuer, routes }: WithPolicy): ReadPolicy {
  const relations = Object.keys(policy.relations).length === 0 ? null : relationNames(policy.relations);
  const actions = actionsOf(policy);
  const compiler = new RuleCompiler({
    principal: policy.principal,
    resources: new Map(Object.entries(policy.resources).map(([type, { attributes }]) => [type, attributes])),
    declaredRelations: (type) => new Set(relations?.types.get(type)?.keys()),
    permissions: permissionsOf(policy, actions, routes),
    ownIssuer: issuer.url,
  });
  const rules = policy.rules.map((rule): ReadRule => {
    const on = [...new Set(rule.on.flatMap((entry) => namedBy(entry, actions)))];
    const types = [...new Set(on.map(typeOf))];
    return { rule, actions: on, byType: new Map(types.map((type) => [type, compiler.compile(rule.when, type)])) };
  });
  return { relations, rules };
}

/** Every permission that something asks for: roles come later, and a misspelt one would be nobody's. */
function permissionsOf(
  policy: PolicyConfig,
  actions: readonly string[],
  routes: WithPolicy["routes"],
): ReadonlySet<string> {
  const ofActions = Object.values(policy.resources).flatMap(({ actions: declared }) => Object.values(declared));
  const demanded: readonly Pick<RouteConfig, "permissions">[] = [...ofActions, ...routes];
  return new Set([...actions, ...demanded.flatMap(({ permissions }) => permissions)]);
}
