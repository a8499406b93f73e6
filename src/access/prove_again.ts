import { ok, type Result } from "../kernel/result.ts";
import { authenticate } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { DecidedOn } from "./decide.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import type { Passage } from "./pass_gate.ts";
import type { Refusal } from "./refusal.ts";

/** A call that waited no longer than this is as good as one that did not: revocations take as long to be heard of. */
const AT_ONCE_MS = 1_000;

/** A second look is no further use of a key and no guess, and whatever others fail at the caller's address does not hold it up. */
const UNCOUNTED: Pick<Gate, "failures" | "keyUses"> = {
  failures: { waitSeconds: () => 0, fail: () => undefined },
  keyUses: { note: () => undefined },
};

/**
 * Whether the credential that opened `call` on `route` opens it still, at `call.nowMs`: as for a new call, by its times, by the feed, by the
 * record of a key, by the connection that it is bound to, and by the route's rule, which a key may no longer meet. Costs what a warm call costs,
 * and is counted nowhere. The policy of the route's action is asked again, about `decidedOn` where the body named it. Throws `Outage`.
 */
export async function proveAgain(
  route: GateRoute,
  call: Call,
  gate: Gate,
  decidedOn: DecidedOn,
): Promise<Result<CredentialEntry, Refusal>> {
  // Who was let in stays the one whom the log names: what was learnt then is not overwritten.
  const proven = await authenticate(route, call, { ...gate, ...UNCOUNTED }, { holder: null });
  if (!proven.ok) return proven;
  const decided = await authorize(route, proven.value, call, gate, decidedOn, { rules: [], failures: null });
  return decided.ok ? proven : decided;
}

/**
 * Whether a call that was let in may go on at `nowMs`, after something of its caller's own was waited for: whoever sends its body slowly
 * would otherwise keep what ended meanwhile. The credential as it is then. What was charged stays charged. Throws `Outage`.
 */
export async function mayGoOn(
  { credential, route }: Passage,
  call: Call,
  nowMs: number,
  gate: Gate,
): Promise<Result<CredentialEntry | null, Refusal>> {
  if (credential === null || nowMs - call.nowMs < AT_ONCE_MS) return ok(credential);
  return proveAgain(route, { ...call, nowMs }, gate, null);
}
