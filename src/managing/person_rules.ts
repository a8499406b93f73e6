import { outboundUrlFault } from "../policy/outbound_url.ts";
import type { GrantType } from "../protocol/grant_types.ts";
import type { ClientId } from "../protocol/ids.ts";
import type { PersonFacing } from "../protocol/person_facing.ts";
import { ownHosts, redirectUriFault } from "../protocol/redirect_uri.ts";
import type { FieldFault } from "./management.ts";

/** What an operator decides of a client that acts for people. The sector of its subjects follows from it. */
export type PersonDraft = Omit<PersonFacing, "sector">;

const LOOPBACK_URL = /^http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)[:/]/;

/** What must hold of the metadata for people (RFC 7591 §2, OpenID Connect Registration §2, RFC 9700 §2.1). */
export function personFaults(
  person: PersonDraft,
  isPublic: boolean,
  grantTypes: readonly GrantType[],
): readonly FieldFault[] {
  const faults: FieldFault[] = [
    ...uriFaults("redirect_uris", person.redirectUris, person),
    ...uriFaults("post_logout_redirect_uris", person.postLogoutRedirectUris, person),
  ];
  if (grantTypes.includes("authorization_code") && person.redirectUris.length === 0) {
    faults.push({ field: "redirect_uris", reason: "is empty, but authorization_code needs one" });
  }
  if (person.subjectType === "pairwise" && ownHosts(person.redirectUris).length > 1) {
    faults.push({ field: "redirect_uris", reason: "names several hosts: pairwise subjects need a single one" });
  }
  // RFC 9700 §2.1.1: without PKCE the nonce binds the code to the client's session, which helps only who can prove itself.
  if (!person.requirePkce && isPublic) {
    faults.push({ field: "require_pkce", reason: "may be false for a client with a secret alone" });
  }
  const { backchannelLogoutUri: logout, clientUri } = person;
  // The server calls it: the same rule is put to it again at each call, where loopback is for an issuer on loopback alone.
  if (logout !== null && !(isServerUrl(logout) && outboundUrlFault(logout, { loopback: true }) === null)) {
    const reason = "must be an https URL of a public host, without fragment or credentials";
    faults.push({ field: "backchannel_logout_uri", reason });
  }
  if (clientUri !== null && !(isServerUrl(clientUri) && clientUri.startsWith("https:"))) {
    faults.push({ field: "client_uri", reason: "must be an https URL without fragment or credentials" });
  }
  return faults;
}

/**
 * The sector of a client's pairwise subjects (OpenID Connect Core §8.1): the host of its redirect URIs. Loopback and
 * private-use ones name no host that is the client's alone, so such a client is a sector of its own: two apps on one
 * device must not learn that they serve the same person.
 */
export function sectorOf({ subjectType, redirectUris }: PersonDraft, id: ClientId): string | null {
  return subjectType === "public" ? null : (ownHosts(redirectUris)[0] ?? id);
}

function uriFaults(field: string, uris: readonly string[], { applicationType }: PersonDraft): FieldFault[] {
  return uris.flatMap((uri, at) => {
    const reason = redirectUriFault(uri, applicationType);
    return reason === null ? [] : [{ field: `${field}.${at}`, reason }];
  });
}

/** An address that the issuer calls or shows: https, or http on this machine for development. */
function isServerUrl(text: string): boolean {
  const shape = redirectUriFault(text, LOOPBACK_URL.test(text) ? "native" : "web");
  return shape === null;
}
