import { err, ok, type Result } from "../kernel/result.ts";
import { type AuthorizationError, refuse } from "./authorize/authorization_error.ts";
import type { AuthorizationParameters } from "./authorize/parameters.ts";
import type { HintedSignIn } from "./id_token_hint.ts";
import { type ClientId, parseClientId } from "./ids.ts";
import type { PersonFacing } from "./person_facing.ts";

/**
 * What a client asks of the logout endpoint (OpenID Connect RP-Initiated Logout §2). `logout_hint` and `ui_locales` change
 * nothing here, and are not read.
 */
export interface LogoutRequest {
  /** As sent, not yet verified. */
  readonly idTokenHint: string | null;
  /** The client that is named. It proves nothing: anybody can name one. */
  readonly clientId: ClientId | null;
  readonly postLogoutRedirectUri: string | null;
  /** As it was sent, byte for byte. */
  readonly state: string | null;
}

/** Where the browser goes on to afterwards, `state` included. */
export interface Onward {
  readonly uri: string;
  /** `redirect` at once, or a `link` that the person may follow: nobody has proved that a client of theirs sent them. */
  readonly how: "redirect" | "link";
}

/** What is known once the hint was verified, the client looked up, and the session found. */
export interface LogoutFacts {
  readonly request: LogoutRequest;
  /** Null where none was sent, and for one that is forged, too old, or of a client that is gone. */
  readonly hint: HintedSignIn | null;
  /** The hint's client, else the named one; null where there is none. */
  readonly client: { readonly person: Pick<PersonFacing, "postLogoutRedirectUris"> } | null;
  readonly isSignedIn: boolean;
  /** Whom the hint's client knows the current session as; null without either. */
  readonly known: { readonly subject: string; readonly sid: string } | null;
  /** Whether this request is one that a person made with a page of its own: neither an image's nor a prefetch. */
  readonly isVisit: boolean;
}

/** `end` at once, `ask` first, or nothing is left to end: `over`. */
export interface LogoutDecision {
  readonly kind: "end" | "ask" | "over";
  readonly onward: Onward | null;
}

const MAX_HINT = 8_192;

/** Reads the request. A parameter that is there twice is refused: two readers would take two different ones. */
export function parseLogoutRequest(parameters: AuthorizationParameters): Result<LogoutRequest, AuthorizationError> {
  if (parameters.repeated.size > 0) return refuse("invalid_request", "a parameter is repeated", "repeated_parameter");
  const hint = parameters.get("id_token_hint") ?? null;
  return ok({
    // One that is too long is none of ours.
    idTokenHint: hint !== null && hint.length <= MAX_HINT ? hint : null,
    clientId: parseClientId(parameters.get("client_id") ?? ""),
    postLogoutRedirectUri: parameters.get("post_logout_redirect_uri") ?? null,
    state: parameters.get("state") ?? null,
  });
}

/**
 * Decides what a logout request does (OpenID Connect RP-Initiated Logout §2, §3, §6). Only the client that the very session
 * signed in to has its ID token, subject and `sid`: who brings that one ends the session at once. Everybody else, an
 * image, a link in a mail, an app of another session, has to have the person say so.
 */
export function decideLogout(facts: LogoutFacts): Result<LogoutDecision, AuthorizationError> {
  const { request, hint, isSignedIn, known, isVisit } = facts;
  if (hint !== null && request.clientId !== null && request.clientId !== hint.clientId) {
    return err({
      code: "invalid_request",
      description: "client_id is not the client that the ID token was issued to",
      reason: "client_id_mismatch",
    });
  }
  const uri = onwardUri(facts);
  if (!isSignedIn) {
    // Nobody is asked anything here: without a hint it is the person who says whether they came from that client.
    return ok({ kind: "over", onward: uri === null ? null : { uri, how: hint === null ? "link" : "redirect" } });
  }
  const isOfThisSession = hint !== null && known !== null && hint.sid === known.sid && hint.subject === known.subject;
  const onward = uri === null ? null : ({ uri, how: "redirect" } as const);
  return ok({ kind: isOfThisSession && isVisit ? "end" : "ask", onward });
}

/**
 * Where the browser may go on to: an address that the client registered, character by character (§3), with `state`. A loopback
 * port makes no exception here: nothing waits on one for a logout.
 */
function onwardUri({ request, client }: LogoutFacts): string | null {
  const { postLogoutRedirectUri: uri, state } = request;
  if (uri === null || client === null || !client.person.postLogoutRedirectUris.includes(uri)) return null;
  return state === null ? uri : `${uri}${uri.includes("?") ? "&" : "?"}state=${encodeURIComponent(state)}`;
}

/** What discovery says of logout (OpenID Connect RP-Initiated Logout §2.1, Back-Channel Logout §2.1). */
export function logoutMetadata(issuer: string) {
  return {
    end_session_endpoint: `${issuer}/oauth2/logout`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  };
}
