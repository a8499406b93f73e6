import { Outage } from "../kernel/outage.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { RaisedSignal, SignalKind } from "../limits/signals.ts";
import type { EdgeFacts } from "../policy/edge_facts.ts";
import { principalSubject } from "../policy/principal.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { type AbuseTrace, abuseTrace } from "./abuse_trace.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { Refusal } from "./refusal.ts";
import type { RouteSignals } from "./route_signals.ts";

/** A call as far as signals go. */
export interface WatchedCall {
  readonly address: string;
  readonly nowMs: number;
  readonly edge: () => EdgeFacts;
  readonly defer: Defer;
}

/** From here on the call counts as one of its principal's own, which is proven: nobody else's call ever does. */
export function watchCaller(
  { watch }: RouteSignals,
  { principal }: CredentialEntry,
  { address }: WatchedCall,
  trace: { abuse: AbuseTrace | null },
): void {
  abuseTrace(trace).watched = { subject: principalSubject(principal, address), watch };
}

/**
 * What is raised of the caller, whom `watchCaller` has seen, and what the route does about it: when the challenge began that it has to answer, null for none.
 */
export async function checkSignals(
  { actions, denyUnknown }: Pick<RouteSignals, "actions" | "denyUnknown">,
  { subject, watch }: NonNullable<AbuseTrace["watched"]>,
  call: WatchedCall,
  told: AbuseTrace,
): Promise<Result<{ readonly challengedSinceMs: number | null }, Refusal>> {
  const known = watch.known(subject, call.nowMs) ?? (denyUnknown ? await asked(watch, subject, call.nowMs) : null);
  if (known === null) {
    told.signals = ["unknown"];
    return denyUnknown ? err({ kind: "unavailable", reason: "signals_unavailable" }) : ok({ challengedSinceMs: null });
  }
  const meant = known.filter(({ country }) => country === null || country === call.edge().country);
  told.signals = meant.map((signal) => `${signal.kind} ${actions[signal.kind]}: ${signal.note}`);
  if (meant.some((signal) => actions[signal.kind] === "deny")) return err({ kind: "barred", reason: "signal" });
  return ok({ challengedSinceMs: latest(meant, actions) });
}

/**
 * Counts a call that `checkSignals` looked at, once its answer is known. `isError`: the caller's own fault, and nothing that stands
 * against abuse had a hand in it: else who is held up would never be let go.
 */
export function noteCall({ abuse }: { readonly abuse: AbuseTrace | null }, call: WatchedCall, status: number): void {
  if (abuse === null || abuse.watched === null) return;
  const { country, position } = call.edge();
  const sighting = { country, position: position && coarse(position), atMs: call.nowMs };
  const isError = status >= 400 && status < 500 && status !== 429 && !abuse.heldUp;
  abuse.watched.watch.note(abuse.watched.subject, sighting, isError, call.defer);
}

/** To a tenth of a degree, 11 km: nobody's home has to be written down. */
function coarse({ latitude, longitude }: NonNullable<EdgeFacts["position"]>) {
  return { latitude: Math.round(latitude * 10) / 10, longitude: Math.round(longitude * 10) / 10 };
}

async function asked(
  watch: RouteSignals["watch"],
  subject: string,
  nowMs: number,
): Promise<readonly RaisedSignal[] | null> {
  try {
    return await watch.ask(subject, nowMs);
  } catch (error) {
    if (error instanceof Outage) return null;
    throw error;
  }
}

/** When the newest of the challenging signals was raised. */
function latest(signals: readonly RaisedSignal[], actions: Readonly<Record<SignalKind, string>>): number | null {
  const times = signals.filter(({ kind }) => actions[kind] === "challenge").map(({ sinceMs }) => sinceMs);
  return times.length === 0 ? null : Math.max(...times);
}
