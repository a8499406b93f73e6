import { MAX_GENERATIONS, type RoleDefinition, type RoleGraphFault } from "../policy/role_graph.ts";
import { looksLikeOwnSecret } from "../protocol/opaque_token.ts";
import { MAX_BOOK_BYTES } from "../protocol/role_book.ts";
import type { FieldFault } from "./management.ts";

/** Names of roles that can be defined. Tokens and configurations may name others, which give no permission. */
const ROLE_ID = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/;

/** As many roles as one catalogue may have. */
export const MOST_ROLES = 500;

/** `text` as the id of a role that can be defined, or null. */
export function parseRoleId(text: string): string | null {
  // Names of roles are shown and logged: a secret in the place of one is none.
  return ROLE_ID.test(text) && !looksLikeOwnSecret(text) ? text : null;
}

export const TOO_MANY_ROLES: FieldFault = {
  field: "id",
  reason: `is one more than the ${MOST_ROLES} that there may be`,
};
export const BOOK_TOO_LARGE: FieldFault = {
  field: "permissions",
  reason: `make all roles together larger than ${MAX_BOOK_BYTES} bytes`,
};

/** What is wrong with `changed`, said of the field where an operator can mend it. */
export function graphFault({ role, kind, way }: RoleGraphFault, changed: RoleDefinition): FieldFault {
  const [, next] = role === changed.id ? way : way.slice(way.indexOf(changed.id));
  const at = Math.max(0, changed.inherits.indexOf(next ?? ""));
  const field = `inherits.${at}`;
  switch (kind) {
    case "unknown":
      return { field, reason: "names no role" };
    case "cycle":
      return { field, reason: `leads back to itself: ${way.join(" > ")}` };
    case "too_deep":
      return { field, reason: `makes a line of more than ${MAX_GENERATIONS} roles: ${way.join(" > ")}` };
  }
}
