import { err, ok, type Result } from "../kernel/result.ts";
import { ANONYMOUS } from "../policy/principal.ts";
import type { AbuseTrace } from "./abuse_trace.ts";
import { type Admitted, admit, type LimitTrace } from "./admit.ts";
import { authenticate, type CallerTrace } from "./authenticate.ts";
import { authorize } from "./authorize.ts";
import { checkLists } from "./check_lists.ts";
import { watchCaller } from "./check_signals.ts";
import { clearCall, needsClearing } from "./clear_call.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { ActionTrace, DecidedOn } from "./decide.ts";
import type { RouteAudit } from "./decision_audit.ts";
import type { Call, Gate, GateRoute, RouteLimits } from "./gate.ts";
import { handshakeRefusal } from "./handshake.ts";
import type { Refusal } from "./refusal.ts";
import { transportRefusal } from "./transport.ts";
import { unseenBodies } from "./unseen_bodies.ts";
import { withinQuota } from "./within_quota.ts";

/** A call that may go on to its origin. */
export interface Passage {
  readonly route: GateRoute;
  /** Null on a public route, where nobody is proven. */
  readonly credential: CredentialEntry | null;
  /** Null where the route has no limits. */
  readonly admitted: Admitted | null;
  /** What the caller may show next time in the place of another proof that a person is there; null for none. */
  readonly clearance: string | null;
}

/** What the decision came to know on its way, for the one log line: filled in step by step, also when it ends early. */
export interface Trace extends CallerTrace, ActionTrace {
  route: string | null;
  /** What the route asks to have recorded. */
  audit: RouteAudit | null;
  /** The route itself, for what its answers carry. */
  matched: GateRoute | null;
  /** The resources that were decided on: for whoever decides again. Null where the call names none, or does so in its body. */
  decidedOn: DecidedOn;
  /** Null where the route has no limits, or the call did not come so far. */
  limits: LimitTrace | null;
  /** Null where nothing was looked for. */
  abuse: AbuseTrace | null;
  /** Brings back the credits that the call took; null where it took none, or where they are gone because the origin was asked. */
  spent: (() => Promise<void>) | null;
}

/**
 * The decision on a call, in order: match, transport, size, handshake, lists, authenticate, authorize, clear, admit. Throws `Outage`, which
 * denies.
 */
export async function passGate(call: Call, gate: Gate, trace: Trace): Promise<Result<Passage, Refusal>> {
  const matched = matchRoute(call, gate);
  if (!matched.ok) return matched;
  const route = matched.value;
  trace.route = route.id;
  trace.audit = route.audit;
  trace.matched = route;
  const refusal =
    transportRefusal(route, call) ??
    sizeRefusal(call, gate, route) ??
    sunsetRefusal(call, route) ??
    handshakeRefusal(route, call);
  if (refusal !== null) return err(refusal);
  const listed = route.lists === null ? "pass" : checkLists(route.lists, call, trace);
  if (listed === "deny") return err({ kind: "barred", reason: "listed" });
  const authorized = route.isPublic ? ok(null) : await letIn(route, call, gate, trace);
  if (!authorized.ok) return authorized;
  const credential = authorized.value;
  const unseen = unseenBodies(route, call);
  if (unseen !== null) return err(unseen);
  const cleared = needsClearing(route, listed) ? await clearCall(route, credential, listed, call, gate, trace) : null;
  if (cleared !== null && !cleared.ok) return cleared;
  const passed = await withinBounds(route, credential, call, gate, trace);
  if (cleared === null) return passed;
  if (passed.ok) return ok({ ...passed.value, clearance: cleared.value });
  trace.abuse?.solved?.keep?.();
  return passed;
}

/** The route's limits, and what the credential may be used at all. */
function withinBounds(
  route: GateRoute,
  credential: CredentialEntry | null,
  call: Call,
  gate: Gate,
  trace: Trace,
): Promise<Result<Passage, Refusal>> {
  const quota = credential?.quota;
  if (quota === undefined) return withinLimits(route.limits, route, credential, call, gate, trace);
  return withinQuota(quota, route, call, gate, trace, (limits) =>
    withinLimits(limits, route, credential, call, gate, trace),
  );
}

async function withinLimits(
  limits: RouteLimits | null,
  route: GateRoute,
  credential: CredentialEntry | null,
  call: Call,
  gate: Gate,
  trace: Trace,
): Promise<Result<Passage, Refusal>> {
  if (limits === null) return ok({ route, credential, admitted: null, clearance: null });
  trace.limits = { denied: [], skipped: [], local: [], wouldDeny: [] };
  const caller = { principal: credential?.principal ?? ANONYMOUS, call };
  const admission = await admit(limits, route, caller, gate, trace.limits);
  switch (admission.kind) {
    case "unavailable":
      return err({ kind: "unavailable", reason: "limiter_unavailable" });
    case "denied":
      return err({ kind: "quota_exceeded", reason: "limit", limits: admission.limits });
    case "admitted":
      return ok({ route, credential, admitted: admission, clearance: null });
  }
}

function matchRoute(call: Call, gate: Gate): Result<GateRoute, Refusal> {
  const match = gate.routes.match(call.method, call.segments);
  switch (match.kind) {
    case "matched":
      return ok(match.route);
    case "method_not_allowed":
      return err({ kind: "method_not_allowed", reason: "no_method", allow: match.allow });
    case "not_found":
      return err({ kind: "not_found", reason: "no_route" });
  }
}

/** Refuses by what the headers say, before anything is read. What a body turns out to be is bounded on its way. */
function sizeRefusal(call: Call, gate: Gate, route: GateRoute): Refusal | null {
  if (call.headerBytes > gate.maxHeaderBytes) return { kind: "headers_too_large", reason: "headers_too_large" };
  const declared = Number(call.header("content-length") ?? 0);
  return declared > route.maxBodyBytes ? { kind: "body_too_large", reason: "body_too_large" } : null;
}

function sunsetRefusal(call: Call, route: GateRoute): Refusal | null {
  const ended = route.deprecation !== null && route.deprecation.sunsetMs <= call.nowMs;
  return ended ? { kind: "gone", reason: "past_sunset" } : null;
}

/** Proves the caller, and holds it against the route's rule. */
async function letIn(
  route: GateRoute,
  call: Call,
  gate: Gate,
  trace: Trace,
): Promise<Result<CredentialEntry, Refusal>> {
  const authenticated = await authenticate(route, call, gate, trace);
  if (!authenticated.ok) return authenticated;
  if (route.signals !== null) watchCaller(route.signals, authenticated.value, call, trace);
  const judged = authorize(route, authenticated.value, call, gate, null, trace);
  const authorized = judged instanceof Promise ? await judged : judged;
  if (!authorized.ok) return authorized;
  trace.decidedOn = authorized.value;
  return authenticated;
}
