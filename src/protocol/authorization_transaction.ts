import { equalDigests } from "../kernel/bytes.ts";
import type { AuthorizationRequest } from "./authorization_request.ts";
import type { SessionId, UserId } from "./ids.ts";

/** Who goes on with a transaction: a user, in a session. */
export interface ChosenSession {
  readonly user: UserId;
  readonly session: SessionId;
}

/** A request that goes on its way: the hint has become the subject that it names, and the ID token is not kept. */
export interface AdmittedRequest extends Omit<AuthorizationRequest, "idTokenHint"> {
  /** The `sub`, as this client knows it, of the user who is expected; null for whoever comes. */
  readonly expectedSubject: string | null;
}

/**
 * An authorization request on its way through sign-in, choice of account and consent. It exists before anybody knows whose
 * account it is about. Plain data, for it is stored; times in Unix milliseconds.
 */
export interface TransactionState {
  readonly request: AdmittedRequest;
  /** SHA-256 of the secret in the cookie of the browser that began it, as base64url. */
  readonly browserHash: string;
  readonly startedAtMs: number;
  readonly endsAtMs: number;
  /** The session that signed in, or was chosen, since the transaction began; null before. */
  readonly chosen: ChosenSession | null;
  /** `finished`: answered. What answered it once answers nothing again. */
  readonly stage: "open" | "finished";
}

/** The transaction before anything happened in it. */
export function beginTransaction(
  request: AdmittedRequest,
  browserHash: string,
  lifeMs: number,
  nowMs: number,
): TransactionState {
  return { request, browserHash, startedAtMs: nowMs, endsAtMs: nowMs + lifeMs, chosen: null, stage: "open" };
}

/**
 * Whether the browser whose secret has this hash may go on with the transaction. A link to another's transaction leads
 * nowhere: its consent would give this user's data to the other's client (session fixation by transaction).
 */
export function isOpenTo(state: TransactionState, browserHash: string, nowMs: number): boolean {
  return state.stage === "open" && nowMs < state.endsAtMs && equalDigests(state.browserHash, browserHash);
}
