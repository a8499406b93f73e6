import type { GrantTerms } from "./grant_terms.ts";
import type { Holdings } from "./holdings.ts";
import type { ClientId, GrantId, SessionId } from "./ids.ts";
import type { KnownHoldings } from "./roles_copy.ts";

/** What is put to a grant's state, and what it answers: plain data, hashes instead of secrets. */

/** How long what a grant gives may live, in milliseconds. */
export interface GrantLifetimes {
  readonly codeMs: number;
  readonly refreshIdleMs: number;
  readonly refreshAbsoluteMs: number;
  /** How long the honest double submit of a code is told apart from theft (0: never). */
  readonly codeRetryMs: number;
  /** How long a refresh token that was just spent gives the same successor again (0: never). */
  readonly refreshRetryMs: number;
  readonly onReuse: "user" | "grant";
}

/** When something began that may end in a grant, as far as a withdrawal of access in between has to know. */
export interface Beginning {
  /** The number of the account's last withdrawal when the session was looked at; null where none had a part in it, and the time alone tells. */
  readonly seenWithdrawals: number | null;
  /** When the client asked, in Unix milliseconds. */
  readonly atMs: number;
}

/** An authorization code to be kept: only its hash, and what it is bound to (RFC 6749 §4.1.3, RFC 7636 §4.4). */
export interface CodeIssue {
  readonly grantId: GrantId;
  readonly codeHash: string;
  readonly redirectUri: string;
  /** The S256 challenge; null where an operator exempted the client (RFC 9700 §2.1.1). */
  readonly codeChallenge: string | null;
  readonly dpopThumbprint: string | null;
  readonly terms: GrantTerms;
  readonly holdings: KnownHoldings;
  /** The session that it is given in, which must be alive in the very transaction; absent where none has a part in it. */
  readonly givenIn?: SessionId;
  /** The account's epoch when that session was looked at: nothing is given once it has moved, though the session may live on. */
  readonly provenAtEpoch?: number | null;
  /** Nothing is given for what began before the user withdrew the client's access. Absent where none can have come between. */
  readonly begun?: Beginning;
}

/** A code as it is presented. The client is proven already. */
export interface CodeRedemption {
  readonly grantId: GrantId;
  readonly codeHash: string;
  readonly clientId: ClientId;
  /** As sent; null when absent. */
  readonly redirectUri: string | null;
  /** S256 of the verifier that was sent; null when absent. */
  readonly verifierChallenge: string | null;
  readonly dpopThumbprint: string | null;
  /** The hash of the first refresh token, kept only where the terms give one. */
  readonly refreshHash: string;
  readonly holdings: KnownHoldings;
}

/** A grant that begins without a code: device flow, first-party sign-in. */
export interface GrantStart {
  readonly grantId: GrantId;
  readonly terms: GrantTerms;
  readonly dpopThumbprint: string | null;
  readonly refreshHash: string;
  /** As the directory told them with the proof. */
  readonly holdings: Holdings;
  /** The account's epoch under which the user's proof was good: nothing begins once it has moved. Null or absent without a proof of this moment. */
  readonly provenAtEpoch?: number | null;
  /** Nothing begins on what was asked before the user withdrew the client's access. Absent where none can have come between. */
  readonly begun?: Beginning;
}

/** A refresh token as it is presented. `narrowing` is what the request asks for, as one canonical string: a retry must ask for the same. */
export interface RefreshPresentation {
  readonly grantId: GrantId;
  readonly presentedHash: string;
  readonly successorHash: string;
  readonly clientId: ClientId;
  readonly dpopThumbprint: string | null;
  readonly narrowing: string;
  readonly holdings: KnownHoldings;
}

/** Why nothing is given: fixed words for logs. The client is told `invalid_grant` and no more. */
export type GrantRefusal =
  | "grant_unknown"
  | "code_unknown"
  | "code_expired"
  | "code_spent"
  | "code_double_submit"
  | "code_of_another_client"
  | "redirect_uri_mismatch"
  | "verifier_missing"
  | "verifier_mismatch"
  | "verifier_unexpected"
  | "dpop_key_mismatch"
  | "refresh_unknown"
  | "refresh_of_another_client"
  | "refresh_reused"
  | "refresh_idle"
  | "grant_ended"
  | "grant_revoked"
  | "account_blocked"
  | "proof_superseded"
  | "access_withdrawn";
