import { callerOf, recordedAs } from "../access/decision_audit.ts";
import { type DecisionEvent, decisionEvent } from "../protocol/audit_event.ts";
import type { Ending, Exchange } from "./exchange.ts";

/** An origin that takes longer than this to answer is not waited for: the event says nothing of its status then. */
const WAIT_MS = 5_000;

/**
 * Records a decision before anything follows from it, where its route insists on that. False where it could not be made safe: the call
 * must not go on. Where nothing insists, a call that may go on is on its way to the record from here, for callers who hang
 * up are not waited for: what they have set in motion at the origin is told all the same.
 */
export async function recordDecision(exchange: Exchange, decided: Ending): Promise<boolean> {
  const { audit, trace, call } = exchange;
  if (audit === null) return true;
  const event = eventOf(exchange, decided);
  if (event === null) return true;
  if (trace.audit?.insists === true) {
    const isSafe = await audit.trail.insist(event);
    // Where nobody knows whether the trail has it, or the call ends in another way after all, a second event says how.
    exchange.ended = (ending) => {
      if (isSafe && ending.outcome === decided.outcome) return;
      audit.trail.note({ ...event, ...ending, id: `${exchange.requestId}/undone` }, call.defer);
    };
    return isSafe;
  }
  if (decided.outcome === "denied") return true;
  const end = Promise.withResolvers<Ending>();
  const timer = setTimeout(() => end.resolve(decided), WAIT_MS);
  exchange.ended = (ending) => {
    clearTimeout(timer);
    end.resolve(ending);
  };
  call.defer(end.promise.then((ending) => audit.trail.note({ ...event, ...ending }, call.defer)));
  return true;
}

/** Records how a call ended, unless `recordDecision` has seen to it. */
export function recordEnd(exchange: Exchange, ending: Ending): void {
  const { audit, ended, call } = exchange;
  if (audit === null) return;
  const event = ended === null ? eventOf(exchange, ending) : null;
  if (event !== null) audit.trail.note(event, call.defer);
  ended?.(ending);
}

function eventOf(
  { audit, trace, call, canonical, requestId }: Exchange,
  { outcome, status, reason }: Ending,
): DecisionEvent | null {
  if (audit === null || trace.route === null) return null;
  const kind = recordedAs(outcome, trace.audit, trace.holder, audit.keyUses, requestId);
  if (kind === null) return null;
  return decisionEvent({
    kind,
    atMs: call.nowMs,
    requestId,
    actor: callerOf(trace.holder, call, audit),
    action: canonical.method,
    target: canonical.path,
    route: trace.route,
    outcome,
    status,
    reason,
    rules: trace.rules,
    configHash: audit.configHash,
  });
}
