import { type Expression, everyPart, partsOf, pathOf } from "../../rules/expression.ts";
import type { ConfigFault } from "../fault.ts";
import { readPolicy, typeOf } from "../policy_rules.ts";
import { idPlaces } from "../resource_places.ts";
import type { Config, RouteConfig } from "../schema.ts";

/**
 * Live rules that can never be true on a route, because they name what nothing tells there of its resource: they fail, and a rule that fails denies.
 * A rule that asks for it by `has(...)` knows that it may be missing, and one that is true in another way (`a || b`) does without.
 */
export function unsuppliedFaults(config: Config): ConfigFault[] {
  const read = readPolicy(config);
  if (read === null) return [];
  return config.routes.flatMap((route, index) => {
    const { action, resource } = route;
    if (action === undefined || resource === undefined || route.public) return [];
    const type = typeOf(action);
    const { metadata } = resource;
    // A name of nothing, and an origin that knows of something else, are told as what they are.
    if (metadata !== undefined && config.policy?.metadata?.[metadata]?.type !== type) return [];
    const told = suppliedBy(config, type, resource);
    return read.rules.flatMap(({ rule, actions, byType }) => {
      const compiled = actions.includes(action) && rule.mode === "live" ? byType.get(type) : undefined;
      if (compiled?.ok !== true) return [];
      const missing = missingIn(compiled.value.tree, told);
      if (missing.size === 0 || !isNeverTrue(compiled.value.tree, missing)) return [];
      const names = [...missing].map((name) => `\`resource.${name}\``).join(", ");
      const reason = `\`${rule.id}\` names ${names}, which nothing tells here: it fails for every call, and so denies: ${remedies(config, type, missing)}`;
      return [{ path: `routes[${index}].resource`, reason }];
    });
  });
}

type RouteResource = NonNullable<RouteConfig["resource"]>;

/** What can be known of a resource on a route: its type, and all that the call or an origin says. */
function suppliedBy({ policy }: Config, type: string, resource: RouteResource): ReadonlySet<string> {
  const source = resource.metadata === undefined ? undefined : policy?.metadata?.[resource.metadata];
  const declared = Object.keys(policy?.resources[type]?.attributes ?? {});
  return new Set([
    "type",
    ...(idPlaces(resource).length > 0 ? ["id"] : []),
    ...Object.keys(resource.attributes),
    ...(source === undefined ? [] : (source.attributes ?? declared)),
  ]);
}

/** What `tree` names of its resource, is not `told`, and is not asked for by `has`. */
function missingIn(tree: Expression, told: ReadonlySet<string>): ReadonlySet<string> {
  const parts = [...everyPart(tree)];
  const asked = parts.flatMap((part) =>
    part.kind === "call" && part.name === "has" ? part.args.map((arg) => attributeOf(arg)) : [],
  );
  const named = parts.flatMap((part) => attributeOf(part) ?? []);
  return new Set(named.filter((name) => !told.has(name) && !asked.includes(name)));
}

function attributeOf(part: Expression): string | null {
  const [root, name, ...rest] = pathOf(part) ?? [];
  return root === "resource" && name !== undefined && rest.length === 0 ? name : null;
}

/** Whether `tree` fails or is false for every call, where the resource lacks `missing`. */
function isNeverTrue(tree: Expression, missing: ReadonlySet<string>): boolean {
  if (fails(tree, missing)) return true;
  if (tree.kind !== "operator") return false;
  const [first, ...rest] = tree.operands.map((operand) => isNeverTrue(operand, missing));
  if (tree.op === "&&") return first === true || rest.some((never) => never);
  if (tree.op === "||") return first === true && rest.every((never) => never);
  return tree.op === "?:" && rest.every((never) => never);
}

/** Whether `part` has no value for any call. What a macro does for each element it may do for none. */
function fails(part: Expression, missing: ReadonlySet<string>): boolean {
  if (missing.has(attributeOf(part) ?? "")) return true;
  const failsHere = (one: Expression) => fails(one, missing);
  if (part.kind === "operator") {
    if (part.op === "&&" || part.op === "||") return part.operands.every(failsHere);
    const [condition, ...branches] = part.operands;
    if (part.op === "?:") return (condition !== undefined && failsHere(condition)) || branches.every(failsHere);
  }
  if (part.kind === "call") return (part.receiver === null ? part.args : [part.receiver]).some(failsHere);
  return partsOf(part).some(failsHere);
}

function remedies({ policy }: Config, type: string, missing: ReadonlySet<string>): string {
  const names = [...missing].filter((name) => name !== "id");
  const sources = Object.entries(policy?.metadata ?? {})
    .filter(([, source]) => source.type === type && names.some((name) => source.attributes?.includes(name) ?? true))
    .map(([name]) => ` \`${name}\``);
  return [
    ...(names.length < missing.size ? ["say where its `id` stands"] : []),
    ...(names.length > 0
      ? ["say where that stands (`attributes`)", `ask its origin (\`metadata\`${sources.join(" or")})`]
      : []),
    "or write `has(...)` where it may be missing",
  ].join(", ");
}
