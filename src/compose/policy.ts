import type { CompiledConfig } from "../config/compile.ts";
import { actionsOf, type ReadRule, readPolicy, typeOf } from "../config/policy_rules.ts";
import type { ActionPolicy, PolicyRule } from "../policy/action_policy.ts";

/* The wiring of decisions: a compiled configuration as what decides on each action. */

/** What decides on each action that `config` declares, by the action's id; empty where it has no policy. */
export function actionPolicies(config: CompiledConfig): ReadonlyMap<string, ActionPolicy> {
  const { policy } = config;
  if (policy === undefined) return new Map();
  const rules = readPolicy(config)?.rules ?? [];
  return new Map(
    actionsOf(policy).map((id) => {
      const [type = "", name = ""] = id.split(":");
      const permissions = policy.resources[type]?.actions[name]?.permissions ?? [];
      return [id, { id, permissions, rules: rules.flatMap((read) => policyRule(read, id)) }];
    }),
  );
}

/** `read` as it decides on `action`, if it does. */
function policyRule({ rule, actions, byType }: ReadRule, action: string): PolicyRule[] {
  const compiled = actions.includes(action) ? byType.get(typeOf(action)) : undefined;
  if (compiled === undefined) return [];
  // A configuration with such a rule does not compile: to leave the rule out could let pass what it denies.
  if (!compiled.ok) throw new TypeError(`rule ${rule.id} was not compiled`);
  const { expression, needsBody, needsResource, neverFails } = compiled.value;
  const { id, effect, mode, when, stepUp } = rule;
  return [
    {
      id,
      effect,
      mode,
      stepUp:
        stepUp === undefined ? null : { acrValues: stepUp.acrValues, maxAgeSeconds: stepUp.maxAgeSeconds ?? null },
      needsBody,
      needsResource,
      neverFails,
      expression,
      source: when,
    },
  ];
}
