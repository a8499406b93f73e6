import { parseJsonPointer } from "../../kernel/json_pointer.ts";
import { didYouMean } from "../../kernel/nearest.ts";
import type { Contract } from "../../openapi/contract.ts";
import { EACH } from "../../policy/body_places.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import { bodyRules, readPolicy, type WithPolicy } from "../policy_rules.ts";
import { idPlaces } from "../resource_places.ts";
import type { Config, RouteConfig } from "../schema.ts";
import type { PlaceConfig } from "../schemas/action.ts";
import { MAX_CHECKED_BYTES } from "../schemas/openapi.ts";
import { contractsOf } from "./openapi.ts";

const BODILESS: ReadonlySet<string> = new Set(["GET", "OPTIONS"]);

/** What is wrong with what calls of a route ask to do, `path` being where the route stands. */
export function actionFaults(config: Config, route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const { action, resource, jsonBody } = route;
  if (action === undefined) return deadFaults(route, path);
  const [type = "", name = ""] = action.split(":");
  const declared = typeOf(config, type);
  const at = `${path}.action`;
  if (route.public) return [{ path: at, reason: "a public route proves nobody, so nobody can be decided on" }];
  if (declared === undefined) {
    const meant = didYouMean(type, Object.keys(config.policy?.resources ?? {}));
    return [{ path: at, reason: `\`${type}\` is not among policy.resources${meant}` }];
  }
  if (!Object.hasOwn(declared.actions, name)) {
    const meant = didYouMean(name, Object.keys(declared.actions));
    return [{ path: at, reason: `\`${name}\` is no action of \`${type}\`${meant}` }];
  }
  const readsBody = decidesByBody(config, route);
  const faults = [
    ...undecidedFaults(config, route, action, at),
    ...(readsBody ? bodyFaults(config, route, pattern, path) : []),
  ];
  if (jsonBody !== undefined && !readsBody) {
    faults.push({
      path: `${path}.jsonBody`,
      reason: "is looked at by nothing: neither a resource nor a rule names the body",
    });
  }
  return resource === undefined
    ? faults
    : [...faults, ...resourceFaults(config, route, pattern, type, `${path}.resource`)];
}

/**
 * An action that nothing decides on, and a rule that is about a resource where there is none: it would always fail, and so deny. What is in shadow
 * decides nothing: such an action is left to what else the route demands, and nobody else is asked about it.
 */
function undecidedFaults(config: Config, route: RouteConfig, action: string, path: string): ConfigFault[] {
  const { resource, scopes, roles, permissions } = route;
  const [type = "", name = ""] = action.split(":");
  const rules = (readPolicy(config)?.rules ?? []).filter(({ actions }) => actions.includes(action));
  const declared = typeOf(config, type)?.actions[name];
  const isTried = rules.length > 0 && declared?.external === undefined;
  const isDemanding = scopes.length + roles.length + (permissions?.length ?? 0) > 0;
  const isDecided = (declared?.permissions.length ?? 0) > 0 || rules.some(({ rule }) => rule.mode === "live");
  if (!isDecided && !(isTried && isDemanding)) {
    const rest = rules.length === 0 ? "rules" : "rules that are live";
    const beside = declared?.external === undefined ? "" : "; `external` has a say beside them, never in their place";
    return [{ path, reason: `nothing decides on \`${action}\`: it has neither permissions nor ${rest}${beside}` }];
  }
  if (resource !== undefined) return [];
  return rules.flatMap(({ rule, byType }) => {
    const compiled = rule.mode === "live" ? byType.get(type) : undefined;
    const reason = `\`${rule.id}\` is about a resource, and the route has no \`resource\`: every call would be denied`;
    return compiled?.ok && compiled.value.needsResource ? [{ path, reason }] : [];
  });
}

function deadFaults({ resource, jsonBody }: RouteConfig, path: string): ConfigFault[] {
  const reason = "means nothing without `action`";
  return [
    ...(resource === undefined ? [] : [{ path: `${path}.resource`, reason }]),
    ...(jsonBody === undefined ? [] : [{ path: `${path}.jsonBody`, reason }]),
  ];
}

/** Whether a part of the decision on calls of `route` waits for their body. */
export function decidesByBody(config: WithPolicy, { action, resource }: RouteConfig): boolean {
  if (action === undefined) return false;
  return placesOf(resource).some(({ place }) => "body" in place) || bodyRules(config, action).length > 0;
}

/** Every place that a route's resource is read from, with where it stands. */
function placesOf(resource: RouteConfig["resource"]): readonly { readonly at: string; readonly place: PlaceConfig }[] {
  if (resource === undefined) return [];
  const ids = idPlaces(resource).map((place, index) => ({
    at: Array.isArray(resource.id) ? `id[${index}]` : "id",
    place,
  }));
  const attributes = Object.entries(resource.attributes).map(([name, place]) => ({ at: `attributes.${name}`, place }));
  return [...ids, ...attributes];
}

function resourceFaults(
  config: Config,
  { resource }: RouteConfig,
  pattern: RoutePattern,
  type: string,
  path: string,
): ConfigFault[] {
  if (resource === undefined) return [];
  const faults = placesOf(resource).flatMap(({ at, place }) => placeFaults(place, pattern, `${path}.${at}`));
  const ids = idPlaces(resource);
  const [firstId] = ids;
  for (const [name, place] of Object.entries(resource.attributes)) {
    const at = `${path}.attributes.${name}`;
    const declared = typeOf(config, type)?.attributes ?? {};
    if (!Object.hasOwn(declared, name)) {
      const meant = didYouMean(name, Object.keys(declared));
      faults.push({ path: at, reason: `\`${name}\` is no attribute of \`${type}\`${meant}` });
    }
    if ("query" in place && place.several !== "no")
      faults.push({ path: `${at}.several`, reason: "an attribute has one value here" });
    if ("body" in place && !isWithin(place.body, firstId)) {
      faults.push({
        path: `${at}.body`,
        reason: "goes through lists (`*`) that the id does not go through: nobody could tell whose it is",
      });
    }
  }
  if (ids.length === 0 && Object.keys(resource.attributes).length === 0) {
    faults.push({ path, reason: "names nothing: neither an id nor an attribute" });
  }
  return [...faults, ...metadataUseFaults(config, resource, type, path)];
}

function placeFaults(place: PlaceConfig, pattern: RoutePattern, at: string): ConfigFault[] {
  if ("path" in place) {
    const names = pattern.flatMap((segment) => (segment.kind === "parameter" ? segment.name : []));
    if (names.includes(place.path)) return [];
    const meant = didYouMean(place.path, names);
    return [{ path: `${at}.path`, reason: `the path has no parameter \`:${place.path}\`${meant}` }];
  }
  if ("query" in place || parseJsonPointer(place.body) !== null) return [];
  return [{ path: `${at}.body`, reason: "is no JSON pointer (RFC 6901) of at most eight steps" }];
}

/** Whether the lists that `pointer` goes through are those that the id goes through, from the outermost on. */
function isWithin(pointer: string, id: PlaceConfig | undefined): boolean {
  const steps = parseJsonPointer(pointer) ?? [];
  const lists = steps.lastIndexOf(EACH) + 1;
  const idSteps = id !== undefined && "body" in id ? (parseJsonPointer(id.body) ?? []) : [];
  return steps.slice(0, lists).every((step, index) => idSteps[index] === step);
}

function metadataUseFaults(
  config: Config,
  { metadata, id, attributes }: NonNullable<RouteConfig["resource"]>,
  type: string,
  path: string,
): ConfigFault[] {
  if (metadata === undefined) return [];
  const at = `${path}.metadata`;
  const sources = config.policy?.metadata ?? {};
  const source = Object.hasOwn(sources, metadata) ? sources[metadata] : undefined;
  if (source === undefined) {
    const meant = didYouMean(metadata, Object.keys(sources));
    return [{ path: at, reason: `\`${metadata}\` is not among policy.metadata${meant}` }];
  }
  const faults: ConfigFault[] = [];
  if (source.type !== type)
    faults.push({ path: at, reason: `knows of \`${source.type}\`, and the action is on \`${type}\`` });
  if (id === undefined) faults.push({ path: at, reason: "is asked by id, and the resource has none" });
  const told = source.attributes ?? Object.keys(typeOf(config, source.type)?.attributes ?? {});
  for (const name of Object.keys(attributes).filter((one) => told.includes(one))) {
    faults.push({
      path: `${path}.attributes.${name}`,
      reason: "is the origin's to say (`metadata`), so the caller's word never counts",
    });
  }
  return faults;
}

function bodyFaults(config: Config, route: RouteConfig, pattern: RoutePattern, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const bodiless = route.methods.filter((method) => BODILESS.has(method));
  if (bodiless.length > 0) {
    const reason = `the decision waits for a body, and ${bodiless.join(" and ")} has none: a route of its own for it`;
    faults.push({ path: `${path}.methods`, reason });
  }
  if (route.maxBodyBytes > MAX_CHECKED_BYTES) {
    const reason = `bodies that are decided on are held in memory: at most ${MAX_CHECKED_BYTES}`;
    faults.push({ path: `${path}.maxBodyBytes`, reason });
  }
  const contracts = contractsOf(config, route, pattern)?.byMethod;
  if (contracts !== undefined && route.jsonBody !== undefined && !leavesBodies(route)) {
    const reason = `says what \`${route.openapi === undefined ? "fields" : "openapi"}\` says already`;
    faults.push({ path: `${path}.jsonBody`, reason });
  }
  if (contracts === undefined && route.jsonBody === undefined) {
    const reason = "is decided on by the body, which has to be held to `openapi`, or declared as JSON by `jsonBody`";
    faults.push({ path: `${path}.action`, reason });
  }
  const unseen = [...(contracts ?? [])].filter(([, contract]) => !isJsonAlone(contract)).map(([method]) => method);
  if (unseen.length > 0) {
    const reason = `takes bodies for ${unseen.join(", ")} that are no JSON, or that nobody looks into: no decision can be made on them`;
    faults.push({ path: `${path}.${route.openapi === undefined ? "fields.request" : "openapi"}`, reason });
  }
  return faults;
}

/** Whether the policy says nothing of whom parts of bodies are for: then `jsonBody` says that they are JSON. */
function leavesBodies({ openapi, fields }: RouteConfig): boolean {
  return openapi === undefined && fields !== undefined && fields !== "openapi" && fields.request === "none";
}

function isJsonAlone({ operation }: Contract): boolean {
  return [...(operation.body?.byType.values() ?? [])].every(({ kind, node }) => kind === "json" && node !== null);
}

function typeOf({ policy }: Pick<Config, "policy">, type: string) {
  return policy !== undefined && Object.hasOwn(policy.resources, type) ? policy.resources[type] : undefined;
}
