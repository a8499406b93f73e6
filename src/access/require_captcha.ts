import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { ANONYMOUS, principalSubject } from "../policy/principal.ts";
import type { Captcha } from "../ports/captcha.ts";
import { type ClearanceOf, clearanceTime, sealClearance } from "../protocol/captcha_clearance.ts";
import type { AbuseTrace } from "./abuse_trace.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { Call, Gate } from "./gate.ts";
import { type Refusal, tooManyFailures } from "./refusal.ts";
import type { RouteCaptcha } from "./route_captcha.ts";
import { proofName } from "./unspent_proofs.ts";

/** The header that a proof comes in, and the one that a clearance goes and comes in. */
export const PROOF_HEADER = "sallyport-captcha";
export const CLEARANCE_HEADER = "sallyport-clearance";

/**
 * Demands a proof that a person is there, or a clearance that was given for one no longer ago than the route remembers, and not before
 * `sinceMs`. The clearance that is given, null for none. Wrong proofs count against the address, as wrong credentials do. Looked at after
 * the credential, so that nobody spends the service's answers unproven where a route wants proof of who is calling.
 */
export async function requireCaptcha(
  { action, rememberMs, onUnavailable, site }: RouteCaptcha,
  credential: CredentialEntry | null,
  call: Call,
  { failures }: Pick<Gate, "failures">,
  sinceMs: number,
  trace: AbuseTrace,
): Promise<Result<string | null, Refusal>> {
  const { service, siteKey, hostnames, clearanceKey, unspent } = site;
  const subject = principalSubject(credential?.principal ?? ANONYMOUS, call.address);
  const of: ClearanceOf = { action, subject, address: call.address };
  const fail = (reason: string): Result<never, Refusal> => {
    trace.captcha = reason;
    return err({ kind: "captcha_required", reason, challenge: { siteKey, action } });
  };
  const held = rememberMs > 0 ? call.header(CLEARANCE_HEADER) : null;
  if (held !== null) {
    const atMs = await clearanceTime(held, of, await clearanceKey(), call.nowMs);
    if (atMs !== null && atMs >= sinceMs && call.nowMs < atMs + rememberMs) {
      trace.captcha = "remembered";
      return ok(null);
    }
  }
  const token = call.header(PROOF_HEADER);
  if (token === null) return fail("captcha_missing");
  const retryAfterSeconds = failures.waitSeconds(call.address, call.nowMs);
  if (retryAfterSeconds > 0) return err(tooManyFailures(retryAfterSeconds));
  const name = rememberMs > 0 ? null : await proofName(token, of);
  const keptSinceMs = name === null ? null : unspent.take(name, call.nowMs);
  if (name !== null && keptSinceMs !== null && keptSinceMs >= sinceMs) {
    trace.captcha = "remembered";
    trace.solved = { clearance: null, keep: () => unspent.keep(name, keptSinceMs) };
    return ok(null);
  }
  const verdict = await verdictOn(service, { token, action, hostnames, address: call.exactAddress }, call.nowMs);
  if (verdict === null) {
    trace.captcha = "captcha_unavailable";
    return onUnavailable === "allow" ? ok(null) : err({ kind: "unavailable", reason: "captcha_unavailable" });
  }
  if (!verdict.ok) {
    failures.fail(call.address, call.nowMs);
    return fail(verdict.error);
  }
  trace.captcha = "solved";
  const clearance = name === null ? await sealClearance(of, await clearanceKey(), call.nowMs) : null;
  trace.solved = { clearance, keep: name === null ? null : () => unspent.keep(name, call.nowMs) };
  return ok(clearance);
}

/** Null where the service could not be asked. */
async function verdictOn(service: Captcha, proof: Parameters<Captcha["verify"]>[0], nowMs: number) {
  try {
    return await service.verify(proof, nowMs);
  } catch (error) {
    if (error instanceof Outage) return null;
    throw error;
  }
}
