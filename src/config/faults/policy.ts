import { didYouMean } from "../../kernel/nearest.ts";
import { attributeNameFault, PRINCIPAL_FIELDS, RESOURCE_FIELDS } from "../../rules/rule_schema.ts";
import type { ConfigFault } from "../fault.ts";
import { actionsOf, namedBy, type ReadRule, readPolicy, typeOf, type WithPolicy } from "../policy_rules.ts";
import type { PolicyConfig, RuleConfig } from "../schemas/policy.ts";

/** What is wrong with the policy: names, conditions and rules that decide nothing. */
export function policyFaults(config: WithPolicy): ConfigFault[] {
  const { policy } = config;
  const read = readPolicy(config);
  if (policy === undefined || read === null) return [];
  return [
    ...attributeFaults(policy),
    ...read.rules.flatMap((rule, index) => ruleFaults(rule, policy, `policy.rules[${index}]`)),
    ...duplicateFaults(policy.rules),
  ];
}

function attributeFaults({ principal, resources }: PolicyConfig): ConfigFault[] {
  const faults = (names: Readonly<Record<string, string>>, fields: Readonly<Record<string, string>>, path: string) =>
    Object.keys(names).flatMap((name) => {
      const reason = attributeNameFault(name, fields);
      return reason === null ? [] : [{ path: `${path}.${name}`, reason }];
    });
  return [
    ...faults(principal, PRINCIPAL_FIELDS, "policy.principal"),
    ...Object.entries(resources).flatMap(([type, { attributes }]) =>
      faults(attributes, RESOURCE_FIELDS, `policy.resources.${type}.attributes`),
    ),
  ];
}

function ruleFaults(read: ReadRule, policy: PolicyConfig, path: string): ConfigFault[] {
  return [
    ...onFaults(read.rule, policy, path),
    ...stepUpFaults(read.rule, path),
    ...conditionFaults(read, `${path}.when`),
    ...constantFaults(read, `${path}.when`),
  ];
}

function onFaults({ on }: RuleConfig, policy: PolicyConfig, path: string): ConfigFault[] {
  const actions = actionsOf(policy);
  const covers = (wide: string, narrow: string) => {
    const named = namedBy(wide, actions);
    return namedBy(narrow, actions).every((action) => named.includes(action));
  };
  return on.flatMap((entry, at) => {
    const place = `${path}.on[${at}]`;
    if (namedBy(entry, actions).length === 0) return [{ path: place, reason: unknownAction(entry, policy, actions) }];
    // Of two that name the same, the later one is too many.
    const isIdle = on.some(
      (other, index) => index !== at && covers(other, entry) && (index < at || !covers(entry, other)),
    );
    return isIdle ? [{ path: place, reason: `\`${entry}\` is named by another entry already` }] : [];
  });
}

function unknownAction(entry: string, { resources }: PolicyConfig, actions: readonly string[]): string {
  const type = typeOf(entry);
  if (entry === "*") return "names nothing: there is no action";
  if (!Object.hasOwn(resources, type)) {
    return `names nothing: \`${type}\` is not among policy.resources${didYouMean(type, Object.keys(resources))}`;
  }
  return `names nothing: there is no action \`${entry}\`${didYouMean(entry, actions)}`;
}

function stepUpFaults({ stepUp }: RuleConfig, path: string): ConfigFault[] {
  if (stepUp === undefined) return [];
  const isEmpty = stepUp.acrValues.length === 0 && stepUp.maxAgeSeconds === undefined;
  return isEmpty ? [{ path: `${path}.stepUp`, reason: "asks for nothing: name `acrValues` or `maxAgeSeconds`" }] : [];
}

/** A rule on several types is checked for each; what is wrong for all of them is told once. */
function conditionFaults({ byType }: ReadRule, path: string): ConfigFault[] {
  const types = new Map<string, string[]>();
  for (const [type, compiled] of byType) {
    for (const reason of compiled.ok ? [] : compiled.error) types.set(reason, [...(types.get(reason) ?? []), type]);
  }
  return [...types].map(([reason, of]) => ({
    path,
    reason: of.length === byType.size ? reason : `for ${of.map((type) => `\`${type}\``).join(", ")}: ${reason}`,
  }));
}

/** A condition that no call changes. To write `true` is to mean it, where the rule still says something. */
function constantFaults({ rule, byType }: ReadRule, path: string): ConfigFault[] {
  const [compiled] = byType.values();
  if (compiled === undefined || !compiled.ok || compiled.value.folded === "varies") return [];
  const { folded } = compiled.value;
  if (folded === "fails") return [{ path, reason: "has no value for any call: it always fails, and so denies" }];
  if (!folded) return [{ path, reason: "is false for every call: the rule decides nothing" }];
  if (rule.when.trim() !== "true") return [{ path, reason: "is true for every call: write `true` if that is meant" }];
  const isDenial = rule.effect === "deny" && rule.stepUp === undefined;
  return isDenial ? [{ path, reason: "denies every call: leave the action out instead" }] : [];
}

function duplicateFaults(rules: readonly RuleConfig[]): ConfigFault[] {
  return rules.flatMap(({ id }, at) =>
    rules.findIndex((other) => other.id === id) === at
      ? []
      : [{ path: `policy.rules[${at}].id`, reason: `two rules are called \`${id}\`` }],
  );
}
