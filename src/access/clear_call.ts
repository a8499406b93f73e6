import { err, ok, type Result } from "../kernel/result.ts";
import type { ListVerdict } from "../policy/access_list.ts";
import { type AbuseTrace, abuseTrace } from "./abuse_trace.ts";
import { checkSignals } from "./check_signals.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";
import { requireCaptcha } from "./require_captcha.ts";

type Listed = ListVerdict["effect"];
type Traced = { abuse: AbuseTrace | null };

/** Whether anything stands between a call that is authorized and its limits. */
export function needsClearing(route: GateRoute, listed: Listed): boolean {
  return listed === "challenge" || route.captcha?.always === true || route.signals !== null;
}

/** What stands against abuse once it is known who is calling. The clearance to give the caller, null for none. */
export async function clearCall(
  route: GateRoute,
  credential: CredentialEntry | null,
  listed: Listed,
  call: Call,
  gate: Gate,
  trace: Traced,
): Promise<Result<string | null, Refusal>> {
  const cleared = await clear(route, credential, listed, call, gate, trace);
  if (!cleared.ok) abuseTrace(trace).heldUp = true;
  return cleared;
}

/** A challenge that the route has no words for denies. */
async function clear(
  { captcha, signals }: GateRoute,
  credential: CredentialEntry | null,
  listed: Listed,
  call: Call,
  gate: Gate,
  trace: Traced,
): Promise<Result<string | null, Refusal>> {
  const usual = { challengedSinceMs: null };
  const told = abuseTrace(trace);
  const checked =
    signals === null || told.watched === null ? ok(usual) : await checkSignals(signals, told.watched, call, told);
  if (!checked.ok) return checked;
  const { challengedSinceMs } = checked.value;
  const isChallenged = listed === "challenge" || challengedSinceMs !== null;
  if (!isChallenged && captcha?.always !== true) return ok(null);
  if (captcha === null) return err({ kind: "barred", reason: listed === "challenge" ? "listed" : "signal" });
  return requireCaptcha(captcha, credential, call, gate, challengedSinceMs ?? 0, told);
}
