import { didYouMean } from "../../kernel/nearest.ts";
import type { Contract } from "../../openapi/contract.ts";
import { RESOURCE, relationsIn } from "../../openapi/resource_mark.ts";
import type { SchemaNode } from "../../openapi/schema_node.ts";
import type { GrantsAt } from "../../openapi/schema_terms.ts";
import type { FieldGrants } from "../../policy/field_grants.ts";
import { isDemandedPermission } from "../../policy/permission.ts";
import type { RelationNames } from "../../policy/relations/relation_names.ts";
import { readPolicy, type WithPolicy } from "../policy_rules.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { declaredPermissions } from "./role.ts";

/** Roles are data, and other issuers have theirs: any text that a token can have is one. */
const ROLE = /^\S{1,128}$/;

/** What is wrong with whom `contracts` say that fields are for: each with its place in the document. */
export function fieldGrantFaults(
  config: WithPolicy & Pick<Config, "gateway">,
  contracts: Iterable<Contract>,
): { readonly at: string; readonly reason: string }[] {
  const said = new Map<string, GrantsAt>();
  const faults: { at: string; reason: string }[] = [];
  const types = relationTypes(config);
  for (const contract of contracts) {
    const { operation } = contract;
    faults.push(...relationFaults(contract, types));
    for (const one of [...operation.visible, ...operation.writable]) said.set(one.at, one);
  }
  for (const { at, grants } of said.values()) {
    faults.push(...grantReasons(config, grants).map((reason) => ({ at, reason })));
  }
  return faults;
}

/** What `grants` name that nobody can have, but for relations. */
export function grantReasons(
  { issuer, gateway, policy }: Pick<Config, "issuer" | "gateway" | "policy">,
  grants: FieldGrants,
): readonly string[] {
  const own = issuer.apis.find((api) => api.resource === gateway.resource);
  const scopes = own === undefined ? null : Object.keys(own.scopes);
  return [...scopeReasons(grants, scopes, gateway.resource), ...nameReasons(grants, declaredPermissions(policy))];
}

type Types = RelationNames["types"];
const NO_TYPES: Types = new Map();

/** Relations that nobody can have. */
function relationFaults({ operation, fields }: Contract, types: Types): { at: string; reason: string }[] {
  const { body, responses } = operation;
  const outer = fields?.resource?.type ?? null;
  const sent = rootsOf(body?.byType.values() ?? []);
  const answered = rootsOf(responses.flatMap(({ byType }) => [...byType.values()]));
  const asked = [
    ...sent.flatMap((root) => relationsIn(root, "writableBy", outer)),
    ...answered.flatMap((root) => relationsIn(root, "visibleTo", outer)),
  ];
  return asked.flatMap(({ at, relation, type }) => {
    const reason =
      type === null
        ? `\`relation:${relation}\` is to no resource: say which with \`${RESOURCE}\``
        : relationReason(relation, type, types);
    return reason === null ? [] : [{ at, reason }];
  });
}

/** Why nobody can have `relation` to a resource of `type`; null where somebody can. */
export function relationReason(relation: string, type: string, types: Types): string | null {
  const said = `\`relation:${relation}\``;
  const declared = types.get(type);
  if (declared === undefined)
    return `${said} is to a \`${type}\`, a type without relations${didYouMean(type, types.keys())}`;
  return declared.has(relation)
    ? null
    : `${said} is no relation of \`${type}\`${didYouMean(relation, declared.keys())}`;
}

/** The relations of each type that has some. */
export function relationTypes(config: WithPolicy): Types {
  return readPolicy(config)?.relations?.types ?? NO_TYPES;
}

function rootsOf(shapes: Iterable<{ readonly node: SchemaNode | null }>): SchemaNode[] {
  return [...shapes].flatMap(({ node }) => node ?? []);
}

function scopeReasons({ scopes: named }: FieldGrants, scopes: readonly string[] | null, resource: string): string[] {
  if (scopes === null) return [];
  const unknown = named.filter((scope) => !scopes.includes(scope));
  return unknown.map((scope) => `\`${scope}\` is not a scope of ${resource}${didYouMean(scope, scopes)}`);
}

function nameReasons({ roles, permissions }: FieldGrants, declared: readonly string[]): string[] {
  const nearly = (permission: string) => (declared.includes(permission) ? "" : didYouMean(permission, declared));
  return [
    ...roles.filter((role) => !ROLE.test(role)).map((role) => `\`role:${role}\` names no role`),
    ...permissions
      .filter((permission) => !isDemandedPermission(permission))
      .map((permission) => `\`permission:${permission}\` names no permission: \`type:action\``),
    ...permissions
      .filter((permission) => isDemandedPermission(permission) && nearly(permission) !== "")
      .map((permission) => `\`permission:${permission}\` is no declared action${nearly(permission)}`),
  ];
}

/** Settings of a contract about members that may not be written, where there are none. */
export function unwritableFaults(
  { openapi }: Pick<RouteConfig, "openapi">,
  contracts: readonly (readonly [method: string, Contract])[],
  path: string,
): { readonly path: string; readonly reason: string }[] {
  if (openapi === undefined || contracts.length === 0) return [];
  const shapes = (method: string | null) =>
    contracts
      .filter(([own]) => method === null || own === method)
      .flatMap(([, { operation }]) => [...(operation.body?.byType.values() ?? [])]);
  const faults: { path: string; reason: string }[] = [];
  if (openapi.unwritable === "drop" && !shapes(null).some(({ restricts, hasReadOnly }) => restricts || hasReadOnly)) {
    faults.push({ path: `${path}.unwritable`, reason: "drops nothing: everybody may write all of the bodies" });
  }
  if (openapi.leftOut === "kept" && !shapes("PUT").some(({ restricts }) => restricts)) {
    faults.push({ path: `${path}.leftOut`, reason: "changes nothing: no PUT here has what not everybody may write" });
  }
  return faults;
}
