import type { AdmittedRequest, TransactionState } from "../authorization_transaction.ts";
import { type AuthorizingClient, isIdentifiable } from "./authorizing_client.ts";

/** What a session says about whether it will do. */
export interface SessionFacts {
  /** When its user last proved who they are, in Unix milliseconds. */
  readonly authTimeMs: number;
  /** Whether it was chosen on the transaction's own page. */
  readonly isChosen: boolean;
  /** Whether its user is the one that an `id_token_hint` names; true without one. */
  readonly isExpected: boolean;
}

/** What a session has to go through before consent; `other_user` when somebody else signed in than was expected. */
export type SessionStep = "login" | "select_account" | "other_user" | "done";

/**
 * Whether `session` may go on (OpenID Connect Core §3.1.2.1, §3.1.2.3). Ages are taken at the transaction's start: a person
 * who reads a page for longer than `max_age` need not sign in again for that.
 */
export function sessionStep(
  { request, startedAtMs }: Pick<TransactionState, "request" | "startedAtMs">,
  session: SessionFacts | null,
): SessionStep {
  if (session === null) return "login";
  const isFresh = session.authTimeMs >= startedAtMs;
  if (!session.isExpected) return isFresh ? "other_user" : "login";
  if (isFresh) return "done";
  if (request.prompts.includes("login")) return "login";
  if (isTooLongAgo(session, request.maxAgeSeconds, startedAtMs)) return "login";
  return request.prompts.includes("select_account") && !session.isChosen ? "select_account" : "done";
}

/** Whether somebody proved longer ago than `maxAgeSeconds` who they are; null allows any time. */
export function isTooLongAgo(
  { authTimeMs }: Pick<SessionFacts, "authTimeMs">,
  maxAgeSeconds: number | null,
  nowMs: number,
): boolean {
  return maxAgeSeconds !== null && authTimeMs < nowMs - maxAgeSeconds * 1000;
}

/**
 * Whether the user has to be asked (RFC 9700 §4.11.2, RFC 8252 §8.6). What was agreed once counts only for a client that no
 * other program can pose as; where one can, every time is the first time, for an operator's own app too.
 */
export function needsConsent(
  request: Pick<AdmittedRequest, "prompts" | "redirectUri" | "scopes">,
  client: Pick<AuthorizingClient, "authMethods" | "person">,
  agreed: readonly string[],
): boolean {
  if (request.prompts.includes("consent") || !isIdentifiable(client, request.redirectUri)) return true;
  return !client.person.firstParty && !request.scopes.every((scope) => agreed.includes(scope));
}
