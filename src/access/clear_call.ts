import { err, ok, type Result } from "../kernel/result.ts";
import type { ListVerdict } from "../policy/access_list.ts";
import { type AbuseTrace, abuseTrace } from "./abuse_trace.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";
import { requireCaptcha } from "./require_captcha.ts";

type Listed = ListVerdict["effect"];

/** Whether anything stands between a call that is authorized and its limits. */
export function needsClearing(route: GateRoute, listed: Listed): boolean {
  return listed === "challenge" || route.captcha?.always === true;
}

/**
 * What stands against abuse once it is known who is calling. The clearance to give the caller, null for none. A challenge that the
 * route has no words for denies.
 */
export async function clearCall(
  { captcha }: GateRoute,
  credential: CredentialEntry | null,
  listed: Listed,
  call: Call,
  gate: Gate,
  trace: { abuse: AbuseTrace | null },
): Promise<Result<string | null, Refusal>> {
  if (captcha !== null) return requireCaptcha(captcha, credential, call, gate, 0, abuseTrace(trace));
  return listed === "challenge" ? err({ kind: "barred", reason: "listed" }) : ok(null);
}
