import { parseJsonPointer } from "../../kernel/json_pointer.ts";
import { contradictions, ruleTree } from "../../openapi/field_tree.ts";
import type { RoutePattern } from "../../policy/route_pattern.ts";
import type { ConfigFault } from "../fault.ts";
import { typeOf } from "../policy_rules.ts";
import { fieldsOn, policyContracts } from "../route_fields.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { MAX_CHECKED_BYTES } from "../schemas/openapi.ts";

type Said = Exclude<NonNullable<RouteConfig["fields"]>, "openapi">;

/** What is wrong with what a route says of the properties that the policy has rules for, `path` being where the route stands. */
export function routeFieldFaults(
  config: Config,
  route: RouteConfig,
  pattern: RoutePattern,
  path: string,
): ConfigFault[] {
  const { fields, openapi } = route;
  const at = `${path}.fields`;
  const declared = fieldsOn(config, route);
  if (declared === null) {
    const reason = "means nothing: neither it nor the route's `action` names a type with `fields` in the policy";
    return fields === undefined ? [] : [{ path: at, reason }];
  }
  if (fields === "openapi") {
    const reason = "names a document, and the route is held to none";
    return openapi === undefined ? [{ path: at, reason }] : [];
  }
  if (openapi !== undefined) {
    const both = `\`openapi\` and policy.resources.${declared.type}.fields both say whom the properties are for`;
    return [
      { path: at, reason: `${both}: take one, or have the document alone say so here with \`fields: "openapi"\`` },
    ];
  }
  const places = fields === undefined ? [] : placeFaults(fields, route, at);
  if (places.length > 0) return places;
  const contracts = policyContracts(config, route, pattern);
  if (contracts === null) return [];
  // Those of the rules themselves are told where these stand.
  const isSound = contradictions(ruleTree(declared.properties)).length === 0;
  const told = (isSound ? contracts.faults : []).map(({ at: pointer, reason }) => ({
    path: at,
    reason: `\`${pointer}\` ${reason}`,
  }));
  return [...told, ...heldFaults(route, path)];
}

function placeFaults(fields: Said, { methods, action }: RouteConfig, path: string): ConfigFault[] {
  const { request, response } = fields;
  const faults = [
    ...(request === "none" ? [] : pointerFaults(request, `${path}.request`)),
    ...(response === "none" ? [] : pointerFaults(response, `${path}.response`)),
  ];
  if (fields.type !== undefined && fields.type === (action === undefined ? undefined : typeOf(action))) {
    faults.push({ path: `${path}.type`, reason: "is the action's type already" });
  }
  const isBodiless = methods.every((method) => method === "GET" || method === "OPTIONS");
  if (isBodiless && (request === "none" || request.at !== "" || request.beside.length > 0)) {
    faults.push({ path: `${path}.request`, reason: `changes nothing: ${methods.join(" and ")} has no body` });
  }
  return faults;
}

function pointerFaults({ at, beside }: Exclude<Said["request"], "none">, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const add = (place: string, reason: string) => faults.push({ path: `${path}.${place}`, reason });
  if (at !== "" && parseJsonPointer(at) === null) add("at", "is no JSON pointer (RFC 6901) of at most eight steps");
  for (const [index, pointer] of beside.entries()) {
    const place = `beside[${index}]`;
    if (parseJsonPointer(pointer) === null) add(place, "is no JSON pointer (RFC 6901) of at most eight steps");
    else if (beside.indexOf(pointer) !== index) add(place, "is named twice");
    else if (isWithin(pointer, at)) add(place, "is a part of a resource, whose own rules are in the policy");
    else if (isWithin(at, pointer)) add(place, "has the resources in it: all of them would pass");
  }
  return faults;
}

function isWithin(pointer: string, outer: string): boolean {
  return outer === "" || pointer === outer || pointer.startsWith(`${outer}/`);
}

/** Bodies are held in memory, both ways: what is no such body cannot be. */
function heldFaults({ maxBodyBytes, webSocket, stream }: RouteConfig, path: string): ConfigFault[] {
  const faults: ConfigFault[] = [];
  if (maxBodyBytes > MAX_CHECKED_BYTES) {
    const reason = `bodies that are looked into are held in memory: at most ${MAX_CHECKED_BYTES}`;
    faults.push({ path: `${path}.maxBodyBytes`, reason });
  }
  if (webSocket !== undefined) {
    const reason = "has messages in the place of bodies: nobody would look whom their properties are for";
    faults.push({ path: `${path}.webSocket`, reason });
  }
  if (stream !== undefined) {
    const reason = "is held whole, for nobody knows before whom its properties are for: it never streams";
    faults.push({ path: `${path}.stream`, reason });
  }
  return faults;
}
