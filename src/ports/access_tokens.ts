import type { Result } from "../kernel/result.ts";
import type { AccessTokenClaims, ClaimsFault } from "../protocol/access_token.ts";
import type { ForeignClaimsFault } from "../protocol/foreign_claims.ts";
import type { JwsFault } from "../protocol/jws.ts";
import type { TokenRevocation } from "../protocol/token_revocation.ts";
import type { Defer } from "./edge_feed.ts";

/** Why a string is not an access token that its issuer signed. */
export type SignatureFault =
  | JwsFault
  | ForeignClaimsFault
  | "token_issuer_unknown"
  | "token_algorithm_not_allowed"
  | "token_key_unknown"
  | "token_key_withdrawn"
  | "token_signature_wrong"
  | "token_inactive"
  | "token_issuer_wrong";

/** Why a token is refused: a stable word for logs, never for the caller. */
export type TokenFault = SignatureFault | ClaimsFault | TokenRevocation;

/** What a proof rests on beside the token: a key that may be withdrawn, or somebody's word that is good for a while. */
export interface KeyStanding {
  /** Whether it counts at `nowMs`; from memory, and what is due is fetched behind the request. */
  counts(nowMs: number, defer: Defer): boolean;
}

/** A token whose signature holds. Audience, times and revocation are for the user of it to check, at each use. */
export interface SignedAccessToken {
  readonly claims: AccessTokenClaims;
  readonly kid: string;
  /** Null where the edge feed tells what was withdrawn, and where nothing can be. */
  readonly standing: KeyStanding | null;
}

/** Verifies tokens of the issuers it knows. */
export interface AccessTokenVerifier {
  /** Checks form, type, algorithm, key and signature (RFC 9068 §4). Throws `Outage` when keys cannot be had. */
  verify(token: string, nowMs: number, defer: Defer): Promise<Result<SignedAccessToken, SignatureFault>>;
}
