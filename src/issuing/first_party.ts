import { err, type Result } from "../kernel/result.ts";
import type { GrantLifetimes } from "../ports/accounts.ts";
import type { ClientRecord } from "../ports/clients.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { presentedClient } from "../protocol/client_credentials.ts";
import type { ClientClaim } from "../protocol/first_party_request.ts";
import type { Form } from "../protocol/form.ts";
import { parseClientId } from "../protocol/ids.ts";
import type { OAuthError } from "../protocol/oauth_error.ts";
import type { Issuer, Moment } from "./issuer.ts";
import type { People, Visitor } from "./people.ts";
import { proveClient } from "./prove_client.ts";
import type { RegistrationFault } from "./register_user.ts";
import type { HumanFault } from "./require_human.ts";
import type { SignInFault } from "./sign_in.ts";
import type { TokenTrace } from "./token_trace.ts";

/**
 * What the first-party endpoints are built from. Owns who may use them: clients that see the password itself (RFC 9700 §2.4), and so
 * none but the operator's own. Refuses to have rules of its own for passwords, throttles and refresh tokens: they are those of the
 * pages and of the token endpoint.
 */
export interface FirstParty {
  readonly issuer: Issuer;
  readonly people: People;
  readonly lifetimes: GrantLifetimes;
}

/** One call: where it comes from, when, and what becomes known of it for the log. */
export interface FirstPartyCall {
  readonly authorization: string | null;
  readonly visitor: Visitor;
  readonly moment: Moment;
  readonly trace: TokenTrace;
}

/** The client is not one of these endpoints'. Why is for the log alone: whoever asks is told the same. */
export interface Fenced {
  readonly kind: "fenced";
  readonly loggedReason: FenceReason;
}

export type FenceReason = "unknown_client" | "client_disabled" | "client_of_another_party" | "refresh_not_allowed";

/** Everything that the first-party endpoints refuse, beside bodies that are not read. */
export type FirstPartyFault =
  | Fenced
  | { readonly kind: "oauth"; readonly error: OAuthError }
  | SignInFault
  | HumanFault
  | RegistrationFault;

/**
 * The client of a call: the checks that each of these endpoints begins with, before any password is looked at. A confidential client
 * authenticates as it does at the token endpoint, by Basic or in the body (RFC 6749 §2.3.1). One that may not come here learns
 * nothing of its secret: the fence is first. Throws `Outage`.
 */
export async function firstPartyClient(
  claim: ClientClaim,
  issuer: Issuer,
  { authorization, visitor, moment, trace }: FirstPartyCall,
  view: RevocationView | null,
): Promise<Result<ClientRecord, FirstPartyFault>> {
  const presented = presentedClient(
    authorization,
    asForm({ client_id: claim.clientId, client_secret: claim.clientSecret }),
  );
  if (!presented.ok) return oauthFault(presented.error);
  const id = parseClientId(presented.value.clientId);
  const found = id === null ? null : await issuer.clients.find(id, moment.nowMs, view);
  const loggedReason = found === null ? "unknown_client" : fence(found.client);
  if (loggedReason !== null) return err({ kind: "fenced", loggedReason });
  trace.clientId = id;
  const proven = await proveClient(presented.value, found, visitor.address, issuer, moment.nowMs);
  return proven.ok ? proven : oauthFault(proven.error);
}

function fence({ disabled, person, grantTypes }: ClientRecord): FenceReason | null {
  if (disabled) return "client_disabled";
  if (!person.firstParty) return "client_of_another_party";
  return grantTypes.includes("refresh_token") ? null : "refresh_not_allowed";
}

/** A refusal in OAuth's words. */
export function oauthFault(error: OAuthError): Result<never, FirstPartyFault> {
  return err({ kind: "oauth", error });
}

/** Members of a body under the names that they have in a form, for rules that are written once for both. */
export function asForm(members: Readonly<Record<string, string | null>>): Form {
  const given = new Map(Object.entries(members));
  return { get: (name) => given.get(name) ?? undefined, all: () => [] };
}
