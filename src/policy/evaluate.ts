import type { Principal } from "./principal.ts";

/** What a route demands of a principal. */
export interface AccessRule {
  /** All of these. */
  readonly scopes: readonly string[];
  /** At least one of these; none demanded when empty. */
  readonly roles: readonly string[];
}

/** The answer, with the rules that made it: ids for logs and operators. */
export type Decision =
  | { readonly effect: "allow"; readonly rules: readonly string[] }
  | {
      readonly effect: "deny";
      readonly rules: readonly string[];
      readonly missing: "scope" | "role";
      /** Scopes that the route demands and the principal lacks. */
      readonly missingScopes: readonly string[];
    };

/**
 * Scopes first, then roles. Nothing is assumed: an empty rule allows any principal that was proven. `roles` are those that count on the call.
 */
export function evaluate(
  rule: AccessRule,
  principal: Pick<Exclude<Principal, { kind: "anonymous" }>, "scopes">,
  roles: readonly string[],
): Decision {
  const missingScopes = rule.scopes.filter((scope) => !principal.scopes.includes(scope));
  if (missingScopes.length > 0) return { effect: "deny", rules: ["scopes"], missing: "scope", missingScopes };
  const roleFits = rule.roles.length === 0 || rule.roles.some((role) => roles.includes(role));
  if (!roleFits) return { effect: "deny", rules: ["roles"], missing: "role", missingScopes: [] };
  const rules = [...(rule.scopes.length > 0 ? ["scopes"] : []), ...(rule.roles.length > 0 ? ["roles"] : [])];
  return { effect: "allow", rules: rules.length > 0 ? rules : ["any_principal"] };
}
