import type { SubjectFacts } from "../policy/decision_facts.ts";
import type { RoleBook } from "../policy/role_book.ts";
import { subjectFacts } from "../policy/subject_facts.ts";
import { tenantOf } from "../policy/tenant.ts";
import type { ProvenPrincipal } from "./credential_entry.ts";
import type { Call, RightsGate, RightsRoute } from "./gate.ts";
import type { RouteAction } from "./route_action.ts";

/**
 * Who asks, as rules know it, with what counts on `call`: at once where the book of roles is in memory or nobody asks for permissions; null where
 * it cannot be had. To be asked behind the look at the edge feed that authentication is.
 */
export function actingCaller(
  { tenant: source, toleratedStalenessMs }: RightsRoute,
  { asksPermissions }: RouteAction,
  principal: ProvenPrincipal,
  { segments, nowMs, defer }: Call,
  { roles }: RightsGate,
): SubjectFacts | null | Promise<SubjectFacts | null> {
  const tenant = tenantOf(source, segments);
  if (!asksPermissions) return subjectFacts(principal, null, tenant);
  const withBook = (book: RoleBook | null) => book && subjectFacts(principal, book, tenant);
  const book = roles.at(nowMs, defer, toleratedStalenessMs);
  return book instanceof Promise ? book.then(withBook) : withBook(book);
}
