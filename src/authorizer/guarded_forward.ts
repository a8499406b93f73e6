import type { GateRoute } from "../access/gate.ts";
import type { Exchange } from "./exchange.ts";
import { type Forwarded, withoutResponse } from "./forward.ts";
import { holdSlot } from "./held_slot.ts";
import { isTokenRefused, onwardToken, renewToken, withoutChallenge } from "./onward_token.ts";
import { type OriginCall, originCall } from "./origin_call.ts";
import type { OriginBreaker, OriginGuard, Retries, RetryCause } from "./origin_guard.ts";

/** Places come free at any time; this keeps who is turned away from asking in a loop. */
const BUSY_RETRY_SECONDS = 1;

/**
 * As `forward`, for an origin that has a guard: not more calls at once than it bears, none while it keeps failing, with the
 * gate's own token where it asks for one, and once more where that harms nothing. One deadline is over all of it; a call
 * that is late is aborted, so that the origin is not kept at work for nobody.
 */
export function forwardGuarded(
  request: Request,
  route: GateRoute,
  guard: OriginGuard,
  exchange: Exchange,
  identity: string | null,
): Promise<Forwarded> {
  const work = () => callInTime(request, route, guard, exchange, identity);
  if (guard.slots === null) return work();
  const slot = guard.slots.take(Date.now());
  if (slot === null) return Promise.resolve(withoutResponse("origin_busy", BUSY_RETRY_SECONDS));
  return holdSlot(slot, guard.readerIdleMs, exchange.call.defer, exchange.closed?.promise ?? null, work);
}

async function callInTime(
  request: Request,
  route: GateRoute,
  guard: OriginGuard,
  exchange: Exchange,
  identity: string | null,
): Promise<Forwarded> {
  const { timeoutMs } = route.origin;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const call = originCall(request, route, exchange, identity, late.signal, guard.breaker !== null);
    const forwarded = await callOrigin(call, guard, exchange, Date.now() + timeoutMs);
    return guard.onward === null ? forwarded : withoutChallenge(forwarded);
  } finally {
    clearTimeout(timer);
  }
}

/** Calls the origin until there is something to tell the caller. Each turn is one call, all of them under `deadlineMs`. */
async function callOrigin(
  call: OriginCall,
  { breaker, retries, onward }: OriginGuard,
  exchange: Exchange,
  deadlineMs: number,
): Promise<Forwarded> {
  const { defer } = exchange.call;
  const leftMs = () => deadlineMs - Date.now();
  retries?.earn(Date.now());
  let last: Forwarded | null = null;
  for (let hasRenewed = false; ; ) {
    const token = onward === null ? null : await onwardToken(onward, leftMs(), defer);
    if (token !== null && !token.ok) return token;
    const forwarded = await throughBreaker(call, breaker, token?.value ?? null);
    if (!forwarded.ok && forwarded.error.fault === "origin_unavailable") return last ?? forwarded;
    if (onward !== null && token !== null && isTokenRefused(forwarded)) {
      drop(forwarded);
      if (hasRenewed) return withoutResponse("origin_credential_refused");
      const renewed = await renewToken(onward, token.value, call, leftMs(), defer);
      if (!renewed.ok) return renewed;
      hasRenewed = true;
      continue;
    }
    const pauseMs = retries === null ? null : pauseBeforeNext(call, forwarded, retries, exchange.attempts, leftMs());
    if (pauseMs === null) return forwarded;
    drop(forwarded);
    last = forwarded;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

async function throughBreaker(
  call: OriginCall,
  breaker: OriginBreaker | null,
  token: string | null,
): Promise<Forwarded> {
  if (breaker === null) return call.send(token);
  const verdict = breaker.admit(Date.now());
  if (!verdict.admitted) return withoutResponse("origin_unavailable", Math.ceil(verdict.retryAfterMs / 1000));
  const forwarded = await call.send(token);
  breaker.record(verdict.era, call.judge(forwarded, breaker.rules), Date.now());
  return forwarded;
}

/** Milliseconds until the call is made once more; null where it is not. */
function pauseBeforeNext(
  call: OriginCall,
  forwarded: Forwarded,
  retries: Retries,
  attempts: number,
  leftMs: number,
): number | null {
  const { methods, on } = retries.rules;
  if (!call.isRepeatable || !methods.has(call.method)) return null;
  const cause = retryCause(forwarded);
  if (cause === null || !on.has(cause)) return null;
  return retries.spend(attempts, leftMs, Date.now());
}

function retryCause(forwarded: Forwarded): RetryCause | null {
  if (!forwarded.ok) return forwarded.error.fault === "origin_unreachable" ? "unreachable" : null;
  const { status, headers } = forwarded.value;
  // An origin that says when to come back is not asked sooner.
  if (headers.has("retry-after")) return null;
  return status === 502 || status === 503 || status === 504 ? status : null;
}

/** What is not read has to be let go, or its connection stays open. */
function drop(forwarded: Forwarded): void {
  if (forwarded.ok) forwarded.value.body?.cancel().catch(() => undefined);
}
