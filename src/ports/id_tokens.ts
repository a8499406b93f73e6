import type { Result } from "../kernel/result.ts";
import type { HintedSignIn } from "../protocol/id_token_hint.ts";
import type { SignatureFault } from "./access_tokens.ts";
import type { Defer } from "./edge_feed.ts";

/** An ID token that this issuer signed. Its age, and whether its client is still there, are for the user of it to check. */
export interface SignedIdToken {
  readonly hint: HintedSignIn;
  readonly kid: string;
}

/** Reads ID tokens of our own as they come back in `id_token_hint`. */
export interface IdTokenReader {
  /** Checks form, type, algorithm, key, signature and issuer. Throws `Outage` when keys cannot be had. */
  read(token: string, nowMs: number, defer: Defer): Promise<Result<SignedIdToken, SignatureFault>>;
}
