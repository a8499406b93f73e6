import type { ResourceRef } from "./decision_facts.ts";

/**
 * Whom a field is for: whoever has one of these. A field's grants only ever give, so what is not known of a caller counts as not had.
 * Owns how they are written; refuses to know where a caller's rights come from.
 */
export interface FieldGrants {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** Relations to the resource that the field is of. */
  readonly relations: readonly string[];
}

/** What of a caller decides which fields are theirs. */
export interface FieldRights {
  readonly scopes: readonly string[];
  /** Those of the call's tenant among them. */
  readonly roles: readonly string[];
  readonly permissions: ReadonlySet<string>;
  /** The resources that the call is about: a relation has to be to each of them. None for what is only being made. */
  readonly resources: readonly ResourceRef[];
  /** Whether the caller has `relation` to `resource`; undefined where that has to be fetched. */
  related(resource: ResourceRef, relation: string): boolean | undefined;
}

/** A question that decides on a field. */
export interface FieldQuestion {
  readonly resource: ResourceRef;
  readonly relation: string;
}

/** The rights of somebody who is not proven to be anybody. */
export const NO_RIGHTS: FieldRights = {
  scopes: [],
  roles: [],
  permissions: new Set(),
  resources: [],
  related: () => false,
};

/** The kinds of grants with what each is written with. A text with none of these in front is a scope. */
const KINDS = [
  ["role:", "roles"],
  ["permission:", "permissions"],
  ["relation:", "relations"],
  ["scope:", "scopes"],
] as const;

/** Reads entries such as `orders:write`, `role:hr`, `permission:document:read_salary`, `relation:owner`, `scope:role:hr`. */
export function readFieldGrants(entries: readonly string[]): FieldGrants {
  const grants = { scopes: [], roles: [], permissions: [], relations: [] } as Record<keyof FieldGrants, string[]>;
  for (const entry of entries) {
    const [prefix, kind] = KINDS.find(([start]) => entry.startsWith(start)) ?? (["", "scopes"] as const);
    grants[kind].push(entry.slice(prefix.length));
  }
  return grants;
}

/** Whether `grants` name anybody at all. */
export function isForNobody({ scopes, roles, permissions, relations }: FieldGrants): boolean {
  return scopes.length + roles.length + permissions.length + relations.length === 0;
}

/**
 * Whether a field that is of each of `resources` (none for a field of nothing) is for a caller with `rights`; undefined where only relations
 * that have to be fetched can tell.
 */
export function isGranted(
  { scopes, roles, permissions, relations }: FieldGrants,
  rights: FieldRights,
  resources: readonly ResourceRef[],
): boolean | undefined {
  if (scopes.some((scope) => rights.scopes.includes(scope))) return true;
  if (roles.some((role) => rights.roles.includes(role))) return true;
  if (permissions.some((permission) => rights.permissions.has(permission))) return true;
  if (resources.length === 0) return false;
  const open = resources.filter((resource) => !relations.some((one) => rights.related(resource, one) === true));
  if (open.length === 0) return true;
  // One that nothing can be to any more settles it, whatever the others are.
  return open.some((resource) => questionsOf(relations, rights, [resource]).length === 0) ? false : undefined;
}

/** Whether something that `grants` are said of is kept from a caller with `rights`. */
export function keepsFrom(grants: readonly FieldGrants[], rights: FieldRights): boolean {
  return grants.some((one) => isGranted(one, rights, rights.resources) !== true);
}

/** Those of `relations` to `resources` that have to be fetched. */
export function questionsOf(
  relations: readonly string[],
  rights: FieldRights,
  resources: readonly ResourceRef[],
): readonly FieldQuestion[] {
  return resources.flatMap((resource) => {
    const unknown = relations.filter((relation) => rights.related(resource, relation) === undefined);
    return unknown.map((relation) => ({ resource, relation }));
  });
}
