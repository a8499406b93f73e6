import type { SubjectFacts } from "../policy/decision_facts.ts";
import type { TenantRoles } from "../policy/principal.ts";

/** Somebody of our own who may act, as it stands in the source of truth. */
export interface KnownSubject extends Pick<SubjectFacts, "kind" | "id" | "scopes" | "roles" | "attributes"> {
  /** Roles that count in one tenant alone; absent where it has none. */
  readonly tenantRoles?: TenantRoles | undefined;
}

/** Whom others may ask about. */
export interface KnownSubjects {
  /** Those of `ids`, in their order; null for one that is not there, or may not act (disabled, deleted, ended). Throws `Outage`. */
  find(kind: SubjectFacts["kind"], ids: readonly string[]): Promise<readonly (KnownSubject | null)[]>;
}
