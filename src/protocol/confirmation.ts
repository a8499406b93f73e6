import { fromBase64url, toHex } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject } from "../kernel/strict_json.ts";

/** What a token is bound to: whoever presents it has to prove that they hold it (RFC 7800 §3). */
export interface Confirmation {
  readonly kind: "certificate";
  /** SHA-256 over the certificate's DER, unpadded base64url (RFC 8705 §3.1). */
  readonly thumbprint: string;
  /** The same in hexadecimal, lower case: as edges tell what they saw. */
  readonly sha256: string;
}

export type ConfirmationFault = "token_sender_constrained" | "token_confirmation_malformed";

const DIGEST_BYTES = 32;

/**
 * Reads the claim `cnf`; null where there is none. The certificate's thumbprint is the one binding that can be checked for
 * a bearer token. Any other member (`jkt` of RFC 9449 among them), alone or beside it, refuses the token: taken without that proof, it would
 * open to whoever stole it (RFC 9449 §7.1). Where proofs of another kind are taken, they are read here, and the scheme that brings
 * them asks for that kind.
 */
export function readConfirmation(cnf: unknown): Result<Confirmation | null, ConfirmationFault> {
  if (cnf === undefined) return ok(null);
  if (!isJsonObject(cnf)) return err("token_confirmation_malformed");
  const { "x5t#S256": thumbprint, ...others } = cnf;
  if (Object.keys(others).length > 0) return err("token_sender_constrained");
  // One spelling alone: the strict reading refuses padding, another alphabet and stray bits.
  const digest = typeof thumbprint === "string" ? fromBase64url(thumbprint) : null;
  if (typeof thumbprint !== "string" || digest?.length !== DIGEST_BYTES) return err("token_confirmation_malformed");
  return ok({ kind: "certificate", thumbprint, sha256: toHex(digest) });
}
