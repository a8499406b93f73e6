import { sha256Base64url } from "../kernel/bytes.ts";

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const CODE_VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;

/** Stands for what no verifier hashes to: a challenge has 43 characters. */
const NO_CHALLENGE = "malformed";

/**
 * The S256 challenge that `verifier` answers (RFC 7636 §4.6); null where none was sent. A malformed one answers no
 * challenge, not even one that was made from it: it is a mismatch like any other, and spends the code like any other.
 */
export async function challengeAnswered(verifier: string | undefined): Promise<string | null> {
  if (verifier === undefined) return null;
  return CODE_VERIFIER.test(verifier) ? sha256Base64url(verifier) : NO_CHALLENGE;
}
