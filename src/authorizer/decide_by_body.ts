import type { CredentialEntry } from "../access/credential_entry.ts";
import { decide } from "../access/decide.ts";
import type { Gate } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import type { Refusal } from "../access/refusal.ts";
import type { Result } from "../kernel/result.ts";
import { misfit } from "./contract_call.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarded } from "./forward.ts";
import { jsonOf } from "./json_request.ts";

/** Why a call goes nowhere. */
type Stopped = Forwarded | Extract<Result<never, Refusal>, { ok: false }>;

/**
 * The decision that waited for the body, taken whole: whatever was said before it is asked again, at `nowMs`. `bytes` are what the origin would get; null
 * for none. Null where the call goes on, or its route decides without the body. Throws `Outage`, which denies.
 */
export async function decideByBody(
  bytes: Uint8Array | null,
  credential: CredentialEntry | null,
  { route }: Passage,
  exchange: Exchange,
  nowMs: number,
  gate: Gate,
): Promise<Stopped | null> {
  const { action } = route;
  if (action === null || action.bodyDepth === null || credential === null) return null;
  const body = jsonOf(bytes, action.bodyDepth);
  if (!body.ok) return misfit(body.error, exchange);
  const { call, trace } = exchange;
  const input = { phase: "whole", body: body.value, resources: null } as const;
  const decided = await decide(route, action, credential, { ...call, nowMs }, gate, input, trace);
  if (!decided.ok) return decided;
  trace.decidedOn = decided.value;
  return null;
}
