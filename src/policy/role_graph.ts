import { err, ok, type Result } from "../kernel/result.ts";

/** A role as operators define it. */
export interface RoleDefinition {
  readonly id: string;
  /** Its own. */
  readonly permissions: readonly string[];
  /** The roles whose permissions it has as well. */
  readonly inherits: readonly string[];
}

/** A role with all that it inherits from, near and far. */
export interface ClosedRole {
  readonly id: string;
  readonly permissions: readonly string[];
  readonly includes: readonly string[];
}

/** Why roles make no book. `role` is the one where it shows. */
export interface RoleGraphFault {
  readonly role: string;
  readonly kind: "unknown" | "cycle" | "too_deep";
  /** The roles on the way, the last one being what is unknown, what closes the cycle, or the first that is too deep. */
  readonly way: readonly string[];
}

/** How far a role may inherit: a role of the seventh generation has six above it. */
export const MAX_GENERATIONS = 7;

/** What each role includes, or the first fault. In the order of `roles`; `includes` are sorted. */
export function closeRoles(roles: readonly RoleDefinition[]): Result<readonly ClosedRole[], RoleGraphFault> {
  const byId = new Map(roles.map((role) => [role.id, role]));
  const closed = new Map<string, Reach>();
  for (const { id } of roles) {
    const fault = reach(id, byId, closed, []);
    if (fault !== null) return err({ ...fault, role: id });
  }
  return ok(
    roles.map(({ id, permissions }) => ({
      id,
      permissions: [...permissions].sort(),
      includes: [...(closed.get(id)?.includes ?? [])].sort(),
    })),
  );
}

interface Reach {
  readonly includes: ReadonlySet<string>;
  /** Itself and the longest line above it. */
  readonly generations: number;
}

/** Finds what `id` reaches, each role once however many ways lead to it. `way` is what led here: it is never longer than what is allowed. */
function reach(
  id: string,
  byId: ReadonlyMap<string, RoleDefinition>,
  closed: Map<string, Reach>,
  way: readonly string[],
): Omit<RoleGraphFault, "role"> | null {
  const here = [...way, id];
  if (way.includes(id)) return { kind: "cycle", way: here };
  const role = byId.get(id);
  if (role === undefined) return { kind: "unknown", way: here };
  const known = closed.get(id);
  if (way.length + (known?.generations ?? 1) > MAX_GENERATIONS) return { kind: "too_deep", way: here };
  if (known !== undefined) return null;
  const includes = new Set<string>();
  let generations = 1;
  for (const parent of role.inherits) {
    const fault = reach(parent, byId, closed, here);
    if (fault !== null) return fault;
    const above = closed.get(parent);
    if (above === undefined) throw new Error("a role was reached and is not closed");
    includes.add(parent);
    for (const other of above.includes) includes.add(other);
    generations = Math.max(generations, above.generations + 1);
  }
  closed.set(id, { includes, generations });
  return null;
}
