import type { ClientRecord } from "../ports/clients.ts";
import { IDENTITY_SCOPES } from "../protocol/identity_scopes.ts";
import type { TargetCatalog } from "../protocol/token_target.ts";
import type { FieldFault } from "./management.ts";
import { type PersonDraft, personFaults } from "./person_rules.ts";

/** Every scope that a client may be allowed: the issuer's own, those of all APIs, and who acts for people, OpenID Connect's. */
export function clientScopes(
  catalog: TargetCatalog,
  client: { readonly grantTypes: ClientRecord["grantTypes"]; readonly person: Pick<PersonDraft, "firstParty"> },
): ReadonlySet<string> {
  const identity = actsForPeople(client) ? IDENTITY_SCOPES : [];
  return new Set([...catalog.issuerScopes, ...apiScopes(catalog), ...identity]);
}

/** Whether a person can grant something to the client: every grant but its own credentials begins with one. */
function actsForPeople({ grantTypes, person }: Parameters<typeof clientScopes>[1]): boolean {
  return person.firstParty || grantTypes.some((grantType) => grantType !== "client_credentials");
}

/** Every scope that an API key may have. Keys open APIs alone: the issuer's own scopes are not theirs to hold. */
export function apiScopes({ apis }: TargetCatalog): ReadonlySet<string> {
  return new Set(apis.flatMap((api) => [...api.scopes]));
}

/** A fault for each of `scopes` that is not `known`, named by its place. */
export function unknownScopes(scopes: readonly string[], known: ReadonlySet<string>): readonly FieldFault[] {
  return scopes.flatMap((scope, at) =>
    known.has(scope) ? [] : [{ field: `scopes.${at}`, reason: "is not a scope that can be held here" }],
  );
}

/** Whether the client has no secret (RFC 6749 §2.1 "public"). */
export function isPublic({ authMethods }: Pick<ClientRecord, "authMethods">): boolean {
  return authMethods.includes("none");
}

/** What must hold of a client as a whole, whoever made it what it is. */
export function clientFaults(
  client: Pick<ClientRecord, "authMethods" | "grantTypes" | "scopes" | "defaultScopes"> & {
    readonly person: PersonDraft;
  },
): readonly FieldFault[] {
  const faults: FieldFault[] = [];
  if (isPublic(client) && client.authMethods.length > 1) {
    faults.push({ field: "token_endpoint_auth_methods", reason: "has none beside a method with a secret" });
  }
  // RFC 6749 §4.4: whoever cannot keep a secret has no credentials of its own to be granted on.
  if (isPublic(client) && client.grantTypes.includes("client_credentials")) {
    faults.push({ field: "grant_types", reason: "has client_credentials, which a public client may not hold" });
  }
  client.defaultScopes?.forEach((scope, at) => {
    if (!client.scopes.includes(scope)) faults.push({ field: `default_scopes.${at}`, reason: "is not among scopes" });
  });
  return [...faults, ...personFaults(client.person, isPublic(client), client.grantTypes)];
}
