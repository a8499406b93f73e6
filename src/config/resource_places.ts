import { parseJsonPointer } from "../kernel/json_pointer.ts";
import type { ContractResource } from "../openapi/contract.ts";
import { MAX_RESOURCES, type Place, type ResourceReading } from "../policy/resource_reading.ts";
import type { RoutePattern } from "../policy/route_pattern.ts";
import { typeOf } from "./policy_rules.ts";
import type { RouteConfig } from "./schema.ts";
import type { PlaceConfig } from "./schemas/action.ts";

type RouteResource = NonNullable<RouteConfig["resource"]>;

/** The places of a resource's id. */
export function idPlaces({ id }: Pick<RouteResource, "id">): readonly PlaceConfig[] {
  return id === undefined ? [] : [id].flat();
}

/** How calls of a route with `pattern` name what they are about, by ids alone. */
export function idReading(resource: RouteResource, pattern: RoutePattern): ResourceReading {
  const ids = idPlaces(resource).map((place) => readPlace(place, pattern));
  const readsBody = ids.some(({ from }) => from === "body");
  return { idType: resource.idType, ids, most: MAX_RESOURCES, attributes: [], readsBody };
}

/** What calls of `route` are about by its own word, for fields that relations to it give; null where it says nothing. */
export function contractResource(
  { action, resource }: Pick<RouteConfig, "action" | "resource">,
  pattern: RoutePattern,
): ContractResource | null {
  if (action === undefined || resource === undefined) return null;
  return { type: typeOf(action), reading: idReading(resource, pattern) };
}

/** `place`, made ready for paths of `pattern`. */
export function readPlace(place: PlaceConfig, pattern: RoutePattern): Place {
  if ("path" in place) {
    const segment = pattern.findIndex((one) => one.kind === "parameter" && one.name === place.path);
    return { from: "path", segment };
  }
  if ("query" in place) return { from: "query", name: place.query, several: place.several };
  return { from: "body", steps: parseJsonPointer(place.body) ?? [] };
}
