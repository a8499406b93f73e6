import type { AttributeValue, SubjectFacts } from "../../policy/decision_facts.ts";
import { PRINCIPAL_TYPES } from "../../policy/relations/terms.ts";
import type { RoleBook } from "../../policy/role_book.ts";
import { rolesIn } from "../../policy/subject_roles.ts";
import type { KnownSubject } from "../../ports/known_subjects.ts";
import type { JsonObject } from "../../protocol/authzen/question.ts";
import type { CallerTerms, DecisionPoint } from "./decision_point.ts";

export type SubjectKind = SubjectFacts["kind"];

/** `type` as a kind of subject that we know; null for any other. */
export function subjectKind(type: string): SubjectKind | null {
  return PRINCIPAL_TYPES.find((kind) => kind === type) ?? null;
}

/**
 * `known` as decisions are made about it. What its `properties` say counts as far as `terms` let the caller say it: by default nothing, for
 * roles and attributes are ours to know. Null where something that counts cannot be read.
 */
export function askedSubject(
  known: KnownSubject,
  properties: JsonObject,
  terms: CallerTerms | null,
  tenant: string | null,
  book: RoleBook,
  { principal, ownIssuer }: Pick<DecisionPoint, "principal" | "ownIssuer">,
): SubjectFacts | null {
  const said = terms === null ? NOTHING_SAID : readSaid(properties, terms, principal);
  if (said === null) return null;
  const { kind, id, scopes } = known;
  const own = rolesIn(known, tenant);
  const roles = said.roles.length === 0 ? own : [...new Set([...own, ...said.roles])];
  return {
    kind,
    id,
    issuer: kind === "api_key" ? null : ownIssuer,
    clientId: kind === "client" ? id : null,
    scopes,
    roles,
    permissions: book.permissionsOf(roles),
    tenant,
    attributes: said.attributes === null ? known.attributes : { ...known.attributes, ...said.attributes },
  };
}

interface Said {
  readonly roles: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>> | null;
}

const NOTHING_SAID: Said = { roles: [], attributes: null };

function readSaid(properties: JsonObject, terms: CallerTerms, declared: DecisionPoint["principal"]): Said | null {
  const roles = terms.roles.size === 0 ? [] : readRoles(properties, terms.roles);
  if (roles === null) return null;
  const attributes: Record<string, AttributeValue> = {};
  for (const name of terms.attributes) {
    if (!Object.hasOwn(properties, name)) continue;
    const value = declared.get(name)?.(properties[name]) ?? null;
    if (value === null) return null;
    attributes[name] = value;
  }
  return { roles, attributes };
}

/** Roles beyond those that the caller may say are passed over: they may be its own. */
function readRoles(properties: JsonObject, mayBeSaid: ReadonlySet<string>): readonly string[] | null {
  if (!Object.hasOwn(properties, "roles")) return [];
  const { roles } = properties;
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === "string")) return null;
  return roles.filter((role: string) => mayBeSaid.has(role));
}
