import { parseJsonPointer } from "../../kernel/json_pointer.ts";
import { contradictions, type FieldAudience, type FieldUse, ruleTree } from "../../openapi/field_tree.ts";
import { readFieldGrants } from "../../policy/field_grants.ts";
import type { ConfigFault } from "../fault.ts";
import { isFieldRoute } from "../route_fields.ts";
import type { Config } from "../schema.ts";
import type { PolicyConfig } from "../schemas/policy.ts";
import { grantReasons, relationReason, relationTypes } from "./field.ts";

type ResourceFields = NonNullable<PolicyConfig["resources"][string]["fields"]>;
const USES = ["read", "write"] as const;

/** What is wrong with whom the policy says that properties of its resources are for. */
export function resourceFieldFaults(config: Config): ConfigFault[] {
  return Object.entries(config.policy?.resources ?? {}).flatMap(([type, { fields }]) => {
    if (fields === undefined) return [];
    const path = `policy.resources.${type}.fields`;
    return [
      ...Object.keys(fields.properties).flatMap((pointer) => propertyFaults(config, type, fields, pointer, path)),
      ...contradictions(ruleTree(fields.properties)).map(({ at, reason }) => ({
        path: `${path}.properties`,
        reason: `\`${at}\` ${reason}`,
      })),
      ...deadFaults(config, type, fields, path),
      ...(isPointer(fields.id) && !fields.id.includes("*") ? [] : [{ path: `${path}.id`, reason: NO_POINTER }]),
    ];
  });
}

const NO_POINTER = "is no JSON pointer (RFC 6901) of at most eight steps";

function isPointer(text: string): boolean {
  return parseJsonPointer(text) !== null;
}

function propertyFaults(
  config: Config,
  type: string,
  { properties }: ResourceFields,
  pointer: string,
  path: string,
): ConfigFault[] {
  const said = properties[pointer] ?? {};
  const at = `${path}.properties.${pointer}`;
  if (!isPointer(pointer)) return [{ path: at, reason: NO_POINTER }];
  if (USES.every((use) => said[use] === undefined))
    return [{ path: at, reason: "says neither who reads nor who writes" }];
  return USES.flatMap((use) =>
    audienceReasons(config, type, said[use]).map((reason) => ({ path: `${at}.${use}`, reason })),
  );
}

function audienceReasons(config: Config, type: string, audience: FieldAudience | undefined): readonly string[] {
  if (audience === undefined || typeof audience === "string") return [];
  const grants = readFieldGrants(audience);
  const twice = audience.filter((entry, at) => audience.indexOf(entry) !== at);
  const relations = grants.relations.map((relation) => relationReason(relation, type, relationTypes(config)));
  return [
    ...twice.map((entry) => `\`${entry}\` is named twice`),
    ...grantReasons(config, grants),
    ...relations.filter((reason) => reason !== null),
  ];
}

/** What changes nothing for any call. */
function deadFaults(config: Config, type: string, fields: ResourceFields, path: string): ConfigFault[] {
  const { properties, unlisted, onForbidden, leftOut } = fields;
  const limits = (use: FieldUse) =>
    unlisted[use] === "nobody" || Object.values(properties).some((said) => (said[use] ?? "anyone") !== "anyone");
  const routes = config.routes.filter((route) => isFieldRoute(config, route, type));
  if (routes.length === 0)
    return [{ path, reason: `is used by no route: none is looked into for resources of \`${type}\`` }];
  if (!limits("read") && !limits("write")) return [{ path, reason: "keeps nothing from anybody" }];
  const faults: ConfigFault[] = [];
  if (onForbidden === "drop" && !limits("write")) {
    faults.push({ path: `${path}.onForbidden`, reason: "drops nothing: everybody may write all of it" });
  }
  const isKept = Object.values(properties).some(({ write }) => typeof write === "object");
  if (leftOut === "kept" && !(isKept && routes.some(({ methods }) => methods.includes("PUT")))) {
    faults.push({ path: `${path}.leftOut`, reason: "changes nothing: no PUT here has what not everybody may write" });
  }
  return faults;
}
