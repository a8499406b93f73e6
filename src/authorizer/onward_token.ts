import { err, ok, type Result } from "../kernel/result.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { OnwardFault, OnwardTokens } from "../ports/onward_tokens.ts";
import { type Forwarded, type OriginFailure, withinDeadline } from "./forward.ts";
import type { OriginCall } from "./origin_call.ts";

const RETRY_SECONDS = 1;
/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** The gate's own token for the origin, in the time that is left. */
export async function onwardToken(
  onward: OnwardTokens,
  leftMs: number,
  defer: Defer,
): Promise<Result<string, OriginFailure>> {
  const token = await withinDeadline(onward.token(Date.now(), defer), leftMs);
  if (token?.ok) return token;
  return err(failure(token === null ? "origin_credential_unavailable" : token.error));
}

/** Whether the origin refused the gate's own token, which is nothing that the caller could mend. */
export function isTokenRefused(forwarded: Forwarded): boolean {
  return forwarded.ok && forwarded.value.status === 401;
}

/**
 * The origin did not take `refused`: gets another token. Ok where the call may be made once more with it; where the call
 * cannot be repeated the next one has the new token.
 */
export async function renewToken(
  onward: OnwardTokens,
  refused: string,
  call: OriginCall,
  leftMs: number,
  defer: Defer,
): Promise<Result<null, OriginFailure>> {
  const renewing = onward.renew(refused, Date.now(), defer);
  if (call.hasBody || !IDEMPOTENT.has(call.method)) {
    defer(renewing);
    return err(failure("origin_credential_refused"));
  }
  const renewed = await withinDeadline(renewing, leftMs);
  if (renewed?.ok) return ok(null);
  return err(failure(renewed === null ? "origin_credential_unavailable" : renewed.error));
}

/** An origin's challenge speaks of the gate's token; a caller would take it for a word on its own. */
export function withoutChallenge(forwarded: Forwarded): Forwarded {
  if (!forwarded.ok || !forwarded.value.headers.has("www-authenticate")) return forwarded;
  const response = new Response(forwarded.value.body, forwarded.value);
  response.headers.delete("www-authenticate");
  return ok(response);
}

function failure(fault: OnwardFault): OriginFailure {
  return { fault, retryAfterSeconds: fault === "origin_credential_unavailable" ? RETRY_SECONDS : null, errors: [] };
}
