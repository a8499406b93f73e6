import { err, type Result } from "../kernel/result.ts";
import type { CredentialEntry } from "./credential_entry.ts";

/** A credential that does not hold here and now. */
export interface Unproven<Fault extends string> {
  readonly reason: Fault;
  /** Whose it is where that much was proven (a revoked token, a disabled key): for the log alone. */
  readonly holder: CredentialEntry | null;
  /** Whether a signature was checked for it: what costs that much counts, even a token that only expired. */
  readonly costSignature: boolean;
}

/** A refusal with its holder. */
export function unproven<Fault extends string>(
  reason: Fault,
  holder: CredentialEntry | null,
  costSignature = false,
): Result<never, Unproven<Fault>> {
  return err({ reason, holder, costSignature });
}
