import { noteCall } from "../access/check_signals.ts";
import type { DecisionAudit } from "../access/decision_audit.ts";
import type { Gate } from "../access/gate.ts";
import { type IdentityMaker, signedIdentity } from "../access/identity.ts";
import { type Passage, passGate } from "../access/pass_gate.ts";
import type { Refusal } from "../access/refusal.ts";
import type { ShadowWatch } from "../access/shadow_watch.ts";
import type { UnlistedCalls } from "../access/unlisted_calls.ts";
import { logFault } from "../http/log.ts";
import { faultFields } from "../kernel/fault_text.ts";
import { Outage } from "../kernel/outage.ts";
import { err, type Result } from "../kernel/result.ts";
import type { CorsPolicy } from "../policy/cors.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import { grantedPreflight, preflightResponse, routelessPolicy, setCorsFields } from "./cors.ts";
import { logDecision } from "./decision_log.ts";
import type { Exchange } from "./exchange.ts";
import { recordDecision, recordEnd } from "./record_decision.ts";
import { type RefusalContext, refusalResponse, unexpectedResponse } from "./refusal_response.ts";
import { announceEnd, finishResponse, setClearance } from "./response.ts";

/**
 * The one core of every shape of the gate: the decision on a call, the identity for whoever the call goes to, the answer where it goes
 * nowhere, and what is written of it. Owns what all shapes do alike; refuses to know who carries the call out.
 */
export interface JudgementParts {
  readonly gate: Gate;
  readonly identity: IdentityMaker;
  readonly refusals: RefusalContext;
  /** How decisions are recorded; null where no route and no key asks for it. */
  readonly audit: DecisionAudit | null;
  /** Counts calls that no route lists; null where nobody wants to know. */
  readonly unlisted: UnlistedCalls | null;
  /** Decides calls once more by what is in shadow; null where nobody wants to know. */
  readonly shadow: ShadowWatch | null;
  /** What paths without a route say to scripts of other web origins; null for nothing. */
  readonly cors: CorsPolicy | null;
  /** What answers of no route say to browsers for their own protection. */
  readonly security: SecurityHeaders;
}

/** The decision on a call, once it is on its way to the record where its route asks for that. Throws `Outage`, which denies. */
export async function judge(exchange: Exchange, parts: JudgementParts): Promise<Result<Passage, Refusal>> {
  const decided = passGate(exchange.call, parts.gate, exchange.trace);
  parts.shadow?.watch(decided, exchange.call, exchange.trace, exchange.requestId);
  if (parts.audit === null) return decided;
  try {
    return await recorded(await decided, exchange);
  } catch (error) {
    // It denies as well: where a route insists on the record, nobody is answered before that.
    await recordDecision(exchange, { outcome: "denied", status: null, reason: faultReason(error) });
    throw error;
  }
}

/** What the log and the record say of a call that something unexpected ended. */
function faultReason(error: unknown): "outage" | "internal_error" {
  return error instanceof Outage ? "outage" : "internal_error";
}

/** The decision, or the refusal of a call whose decision could not be recorded. */
async function recorded(decided: Result<Passage, Refusal>, exchange: Exchange): Promise<Result<Passage, Refusal>> {
  const reason = decided.ok ? null : decided.error.reason;
  const safe = await recordDecision(exchange, { outcome: decided.ok ? "allowed" : "denied", status: null, reason });
  return safe ? decided : err({ kind: "unavailable", reason: "audit_unavailable" });
}

/** The identity that the origin of `passage` is to receive at `nowMs`; null on a public route, where nobody is proven. */
export async function identityFor(
  { credential, route }: Passage,
  { call }: Exchange,
  nowMs: number,
  { identity }: JudgementParts,
): Promise<string | null> {
  if (credential === null) return null;
  return signedIdentity(credential, route.origin.audience, nowMs, identity, call.defer);
}

/** The answer to a call that goes nowhere: a refusal, or a preflight's, which ends at the gate. */
export function refuse(refusal: Refusal, exchange: Exchange, parts: JudgementParts): Response {
  const { call, trace, requestId } = exchange;
  if (refusal.kind === "unavailable") bringBack(exchange);
  // A proxy would take a 2xx for a yes, and pass the preflight on: there the proxy answers preflights itself.
  const preflight = exchange.shape === "forward_auth" ? null : grantedPreflight(refusal, call, parts.gate);
  if (preflight !== null) {
    return finish(exchange, preflightResponse(preflight), "allowed", "preflight", parts, preflight);
  }
  if (refusal.kind === "not_found") parts.unlisted?.note("path", call);
  if (refusal.kind === "method_not_allowed") parts.unlisted?.note("method", call);
  const policy = trace.matched?.cors ?? routelessPolicy(refusal, call, parts);
  const response = refusalResponse(refusal, requestId, parts.refusals);
  // What was solved on a call that is refused all the same, by its limits say, is not to be solved again.
  const clearance = trace.abuse?.solved?.clearance ?? null;
  if (clearance !== null) setClearance(response.headers, clearance);
  return finish(exchange, response, "denied", refusal.reason, parts, policy);
}

/** Gives `response` what every answer to a caller carries, and writes down how the call ended. */
export function finish(
  exchange: Exchange,
  response: Response,
  outcome: "allowed" | "denied",
  reason: string | null,
  parts: JudgementParts,
  cors = exchange.trace.matched?.cors ?? null,
): Response {
  const { requestId, canonical, trace } = exchange;
  if (trace.matched !== null) announceEnd(response.headers, trace.matched, canonical.segments);
  if (cors !== null) setCorsFields(response.headers, cors, exchange.call.header("origin"));
  finishResponse(response.headers, requestId, canonical.scheme, trace.matched?.security ?? parts.security);
  conclude(exchange, outcome, response.status, reason);
  return response;
}

/** Writes down how a call ended. */
export function conclude(
  exchange: Exchange,
  outcome: "allowed" | "denied",
  status: number,
  reason: string | null,
): void {
  noteCall(exchange.trace, exchange.call, status);
  logDecision(exchange, outcome, status, reason);
  recordEnd(exchange, { outcome, status, reason });
}

/** Credits are paid for: nobody pays for a call that the gate itself failed, and whose origin was not asked. */
export function bringBack({ trace, call }: Exchange): void {
  if (trace.spent !== null) call.defer(trace.spent());
  trace.spent = null;
}

/** Nothing unexpected lets a call pass: an outage answers 503, a fault 500, and neither says what it was. */
export function refuseUnexpected(error: unknown, exchange: Exchange, parts: JudgementParts): Response {
  const { requestId, trace } = exchange;
  bringBack(exchange);
  const dependency = error instanceof Outage ? error.dependency : null;
  logFault(dependency === null ? "internal_error" : "outage", {
    request_id: requestId,
    route: trace.route,
    dependency,
    ...faultFields(error),
  });
  const response = unexpectedResponse(dependency !== null, requestId);
  return finish(exchange, response, "denied", faultReason(error), parts);
}
