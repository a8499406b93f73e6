import { ok, type Result } from "../kernel/result.ts";
import { authenticate } from "./authenticate.ts";
import type { Call, Gate } from "./gate.ts";
import type { Passage, Trace } from "./pass_gate.ts";
import type { Refusal } from "./refusal.ts";

/** A call that waited no longer than this is as good as one that did not: revocations take as long to be heard of. */
const AT_ONCE_MS = 1_000;

/**
 * Whether a call that was let in may go on at `nowMs`, after something of its caller's own was waited for: whoever sends its body slowly
 * would otherwise keep what ended meanwhile. Looks at the credential alone; what was charged stays charged. Throws `Outage`.
 */
export async function stillProven(
  { credential, route }: Passage,
  call: Call,
  nowMs: number,
  gate: Gate,
  trace: Trace,
): Promise<Result<null, Refusal>> {
  if (credential === null || nowMs - call.nowMs < AT_ONCE_MS) return ok(null);
  const proven = await authenticate(route, { ...call, nowMs }, gate, trace);
  return proven.ok ? ok(null) : proven;
}
