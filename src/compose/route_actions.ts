import type { ExternalSay } from "../access/external_say.ts";
import type { RouteAction, RouteMetadata } from "../access/route_action.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { decidesByBody } from "../config/faults/action.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { idReading, readPlace } from "../config/resource_places.ts";
import { fieldDepth } from "../config/route_fields.ts";
import { type ActionPolicy, decidesNothing } from "../policy/action_policy.ts";
import type { AttributeType } from "../policy/attribute_type.ts";
import type { ResourceReading } from "../policy/resource_reading.ts";
import type { ExternalDecisions } from "../ports/external_decisions.ts";
import { actionPolicies } from "./policy.ts";

/*
 * What routes ask to do: from the configuration's names to what decisions are made of, wherever they are made.
 */

/** Bodies of which nothing is said are decided on by nothing. */
const NO_DEPTH = 1;

/** How what is asked about is learnt. */
export interface ActionSources {
  /** Null where there are no relations. */
  readonly relations: RouteAction["relations"];
  /** The origins that are asked about their resources, by the names of `policy.metadata`. */
  readonly metadata: ReadonlyMap<string, RouteMetadata>;
  /** Who has a say beside our policy, by the action's id. */
  readonly says: ReadonlyMap<string, ExternalSay>;
}

/** Every action of `config` that somebody else has a say in, with `pdp` in the place of whoever that is. */
export function declaredSays(
  { policy, issuer }: Pick<CompiledConfig, "policy" | "issuer">,
  pdp: ExternalDecisions,
): ReadonlyMap<string, ExternalSay> {
  const declared = Object.entries(policy?.resources ?? {}).flatMap(([type, { actions }]) =>
    Object.entries(actions).flatMap(([name, { external }]) => (external === undefined ? [] : [`${type}:${name}`])),
  );
  return new Map(declared.map((id) => [id, { pdp, tells: new Set(), ownIssuer: issuer.url }]));
}

/** What each route asks to do; null for those that the policy has nothing to say about. */
export function routeActions(
  config: CompiledConfig,
  { relations, metadata, says }: ActionSources,
): (route: CompiledRoute) => RouteAction | null {
  const policies = actionPolicies(config);
  return (route) => {
    const policy = route.action === undefined ? undefined : policies.get(route.action);
    if (policy === undefined || decidesNothing(policy)) return null;
    const [type = "", name = ""] = policy.id.split(":");
    const source = route.resource?.metadata;
    return {
      action: { type, name, id: policy.id },
      policy,
      external: says.get(policy.id) ?? null,
      asksPermissions: policy.permissions.length > 0 || names(policy, /\bpermitted\b/),
      resource: route.resource === undefined ? null : resourceReading(route, route.resource, config, type),
      metadata: source === undefined ? null : (metadata.get(source) ?? null),
      early: source === undefined ? null : earlyRules(policy),
      relations: names(policy, /\bcan\b/) ? relations : null,
      bodyDepth: decidesByBody(config, route)
        ? (route.openapi?.maxDepth ?? route.jsonBody?.maxDepth ?? fieldDepth(config, route) ?? NO_DEPTH)
        : null,
      hidesResources: route.resource?.refusedAs === "not_found",
    };
  };
}

/** Whether a live rule may call what `call` finds: by the name alone, for a comment may stand before the bracket. */
export function names({ rules }: ActionPolicy, call: RegExp): boolean {
  return rules.some(({ mode, source }) => mode === "live" && call.test(source));
}

/** Those of the rules that deny, or fail, whatever the resource is like. */
function earlyRules({ id, rules }: ActionPolicy): ActionPolicy | null {
  const early = rules.filter((rule) => {
    return rule.mode === "live" && !rule.needsResource && (rule.effect === "deny" || !rule.neverFails);
  });
  return early.length === 0 ? null : { id, permissions: [], rules: early };
}

function resourceReading(
  { pattern }: CompiledRoute,
  resource: NonNullable<CompiledRoute["resource"]>,
  { policy }: CompiledConfig,
  type: string,
): ResourceReading {
  const declared = policy?.resources[type]?.attributes ?? {};
  const named = idReading(resource, pattern);
  const attributes = Object.entries(resource.attributes).map(([name, place]) => {
    return { name, type: typeOfAttribute(declared, name), place: readPlace(place, pattern) };
  });
  const readsBody = named.readsBody || attributes.some(({ place }) => place.from === "body");
  const source = resource.metadata === undefined ? undefined : policy?.metadata[resource.metadata];
  return { ...named, most: source?.maxResources ?? named.most, attributes, readsBody };
}

/** The type that `name` is declared to be. */
export function typeOfAttribute(declared: Readonly<Record<string, AttributeType>>, name: string): AttributeType {
  const type = declared[name];
  if (type === undefined) throw new TypeError(`no attribute is called ${name}`);
  return type;
}
