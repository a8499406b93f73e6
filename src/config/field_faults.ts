import { didYouMean } from "../kernel/nearest.ts";
import type { Contract } from "../openapi/contract.ts";
import type { GrantsAt } from "../openapi/schema_terms.ts";
import type { FieldGrants } from "../policy/field_grants.ts";
import { isDemandedPermission } from "../policy/permission.ts";
import { declaredPermissions } from "./role_faults.ts";
import type { Config, RouteConfig } from "./schema.ts";

/** Roles are data, and other issuers have theirs: any text that a token can have is one. */
const ROLE = /^\S{1,128}$/;

/** What is wrong with whom `contracts` say that fields are for: each with its place in the document. */
export function fieldGrantFaults(
  { issuer, gateway, policy }: Pick<Config, "issuer" | "gateway" | "policy">,
  contracts: Iterable<Contract>,
): { readonly at: string; readonly reason: string }[] {
  const own = issuer.apis.find((api) => api.resource === gateway.resource);
  const scopes = own === undefined ? null : Object.keys(own.scopes);
  const said = new Map<string, GrantsAt>();
  for (const { operation } of contracts) {
    for (const one of [...operation.visible, ...operation.writable]) said.set(one.at, one);
  }
  return [...said.values()].flatMap(({ at, grants }) =>
    [...scopeReasons(grants, scopes, gateway.resource), ...nameReasons(grants, declaredPermissions(policy))].map(
      (reason) => ({ at, reason }),
    ),
  );
}

function scopeReasons({ scopes: named }: FieldGrants, scopes: readonly string[] | null, resource: string): string[] {
  if (scopes === null) return [];
  const unknown = named.filter((scope) => !scopes.includes(scope));
  return unknown.map((scope) => `\`${scope}\` is not a scope of ${resource}${didYouMean(scope, scopes)}`);
}

function nameReasons({ roles, permissions, relations }: FieldGrants, declared: readonly string[]): string[] {
  const nearly = (permission: string) => (declared.includes(permission) ? "" : didYouMean(permission, declared));
  return [
    ...roles.filter((role) => !ROLE.test(role)).map((role) => `\`role:${role}\` names no role`),
    ...permissions
      .filter((permission) => !isDemandedPermission(permission))
      .map((permission) => `\`permission:${permission}\` names no permission: \`type:action\``),
    ...permissions
      .filter((permission) => isDemandedPermission(permission) && nearly(permission) !== "")
      .map((permission) => `\`permission:${permission}\` is no declared action${nearly(permission)}`),
    ...relations.map((relation) => `\`relation:${relation}\`: there are no relations here`),
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
