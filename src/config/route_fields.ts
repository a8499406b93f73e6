import { type FieldPlace, type FieldTerms, fieldContracts } from "../openapi/field_contracts.ts";
import type { RouteContracts } from "../openapi/route_contracts.ts";
import type { RoutePattern } from "../policy/route_pattern.ts";
import { typeOf } from "./policy_rules.ts";
import { contractResource, idPlaces } from "./resource_places.ts";
import type { Config, RouteConfig } from "./schema.ts";
import { fieldPlaces } from "./schemas/field.ts";

/** The parts of a route that say what its calls are about, and what is in them. */
export type FieldsRoute = Pick<RouteConfig, "methods" | "action" | "resource" | "fields" | "jsonBody">;

const AS_IT_IS = fieldPlaces.parse({});

/** The rules for the resources in what a route sends and answers, where the policy has some for their type; null where it has none. */
export function fieldsOn(
  { policy }: Pick<Config, "policy">,
  { action, fields }: Pick<RouteConfig, "action" | "fields">,
) {
  const said = fields === "openapi" ? undefined : fields?.type;
  const type = said ?? (action === undefined ? null : typeOf(action));
  const declared =
    policy !== undefined && type !== null && Object.hasOwn(policy.resources, type) ? policy.resources[type] : undefined;
  return type === null || declared?.fields === undefined ? null : { type, ...declared.fields };
}

/** Whether calls of `route` are looked into by what the policy says of `type`. */
export function isFieldRoute(
  config: Pick<Config, "policy">,
  route: FieldsRoute & Pick<RouteConfig, "openapi">,
  type: string,
): boolean {
  return route.openapi === undefined && placesOn(config, route)?.rules.type === type;
}

/** How deep bodies both ways may be where the policy says whom their parts are for; null where it does not. */
export function fieldDepth(config: Pick<Config, "policy">, route: FieldsRoute): number | null {
  return placesOn(config, route)?.maxDepth ?? null;
}

/** The contracts that the policy makes for a route; null where it says nothing of whom the parts of its bodies and responses are for. */
export function policyContracts(
  config: Pick<Config, "policy">,
  route: FieldsRoute,
  pattern: RoutePattern,
): RouteContracts | null {
  const terms = fieldTerms(config, route, pattern);
  return terms === null ? null : fieldContracts(terms);
}

function fieldTerms(config: Pick<Config, "policy">, route: FieldsRoute, pattern: RoutePattern): FieldTerms | null {
  const places = placesOn(config, route);
  if (places === null) return null;
  const { rules } = places;
  const { methods, resource, jsonBody } = route;
  const ids = resource === undefined ? [] : idPlaces(resource);
  const about = contractResource(route, pattern);
  return {
    ...places,
    methods,
    resource: about?.type === rules.type ? about : null,
    bodyIds: ids.flatMap((place) => ("body" in place ? place.body : [])),
    takesJson: jsonBody !== undefined,
    unwritable: rules.onForbidden,
    leftOut: rules.leftOut,
  };
}

/** The rules that the calls of a route are looked into by, and where; null where there are none, or nothing that they are for. */
function placesOn(config: Pick<Config, "policy">, route: FieldsRoute) {
  const rules = fieldsOn(config, route);
  const { fields: said = AS_IT_IS } = route;
  if (rules === null || said === "openapi") return null;
  const [request, response] = [placeOf(said.request), placeOf(said.response)];
  if (request === null && response === null) return null;
  return { rules, request, response, maxResponseBytes: said.maxResponseBytes, maxDepth: said.maxDepth };
}

function placeOf(said: "none" | FieldPlace): FieldPlace | null {
  return said === "none" ? null : said;
}
