import type { CredentialEntry } from "../access/credential_entry.ts";
import type { DecisionAudit } from "../access/decision_audit.ts";
import type { Gate } from "../access/gate.ts";
import { type IdentityMaker, signedIdentity } from "../access/identity.ts";
import { type Passage, passGate } from "../access/pass_gate.ts";
import type { Refusal } from "../access/refusal.ts";
import { logFault } from "../http/log.ts";
import { Outage } from "../kernel/outage.ts";
import { err, type Result } from "../kernel/result.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import type { CorsPolicy } from "../policy/cors.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import { grantedPreflight, preflightResponse, routelessPolicy, setCorsFields } from "./cors.ts";
import { logDecision } from "./decision_log.ts";
import { type Exchange, openExchange } from "./exchange.ts";
import { type Forwarded, forward } from "./forward.ts";
import { forwardGuarded } from "./guarded_forward.ts";
import type { OriginGuard } from "./origin_guard.ts";
import { recordDecision, recordEnd } from "./record_decision.ts";
import { type RefusalContext, refusalResponse, unexpectedResponse } from "./refusal_response.ts";
import { finishResponse, passResponse, setClearance } from "./response.ts";
import { settleLimits } from "./settle_limits.ts";

/** What the gateway is built from. */
export interface GatewayParts {
  readonly gate: Gate;
  readonly identity: IdentityMaker;
  readonly refusals: RefusalContext;
  /** What stands before origins that ask for it, by the origin's name. */
  readonly guards: ReadonlyMap<string, OriginGuard>;
  /** How decisions are recorded; null where no route and no key asks for it. */
  readonly audit: DecisionAudit | null;
  /** What paths without a route say to scripts of other web origins; null for nothing. */
  readonly cors: CorsPolicy | null;
  /** What answers of no route say to browsers for their own protection. */
  readonly security: SecurityHeaders;
}

/**
 * The inline gateway: decision, origin, response, one log line. Owns everything between a canonical request and the answer;
 * refuses to hold state, and to let an unexpected fault pass a call.
 */
export async function handleGatewayRequest(
  request: Request,
  canonical: CanonicalRequest,
  ctx: ExecutionContext,
  parts: GatewayParts,
): Promise<Response> {
  const exchange = openExchange(request, canonical, ctx, parts.audit);
  try {
    const decided = await passGate(exchange.call, parts.gate, exchange.trace);
    const passed = parts.audit === null ? decided : await recorded(decided, exchange);
    if (!passed.ok) return refuse(passed.error, exchange, parts);
    const forwarded = await passOn(request, exchange, passed.value, parts);
    const { admitted, route } = passed.value;
    const limits = admitted && (await settleLimits(forwarded, admitted, route, exchange, parts.gate));
    const response = passResponse(forwarded, route, limits, exchange);
    if (passed.value.clearance !== null) setClearance(response.headers, passed.value.clearance);
    return finish(exchange, response, "allowed", forwarded.ok ? null : forwarded.error.fault, parts);
  } catch (error) {
    const reason = error instanceof Outage ? "outage" : "internal_error";
    return finish(exchange, unexpected(error, exchange), "denied", reason, parts);
  }
}

/** The decision once it is on its way to the record, or the refusal of a call whose decision could not be recorded. */
async function recorded(decided: Result<Passage, Refusal>, exchange: Exchange): Promise<Result<Passage, Refusal>> {
  const reason = decided.ok ? null : decided.error.reason;
  const safe = await recordDecision(exchange, { outcome: decided.ok ? "allowed" : "denied", status: null, reason });
  return safe ? decided : err({ kind: "unavailable", reason: "audit_unavailable" });
}

function refuse(refusal: Refusal, exchange: Exchange, parts: GatewayParts): Response {
  const { call, trace, requestId } = exchange;
  const preflight = grantedPreflight(refusal, call, parts.gate);
  if (preflight !== null) {
    return finish(exchange, preflightResponse(preflight), "allowed", "preflight", parts, preflight);
  }
  const policy = trace.matched?.cors ?? routelessPolicy(refusal, call, parts);
  return finish(exchange, refusalResponse(refusal, requestId, parts.refusals), "denied", refusal.reason, parts, policy);
}

async function passOn(request: Request, exchange: Exchange, passage: Passage, parts: GatewayParts): Promise<Forwarded> {
  const identity = passage.credential === null ? null : await identityFor(passage.credential, passage, exchange, parts);
  const { guard: guarded } = passage.route.origin;
  const guard = guarded === null ? undefined : parts.guards.get(guarded);
  if (guard !== undefined) return forwardGuarded(request, passage.route, guard, exchange, identity);
  return forward(request, passage.route, exchange, identity);
}

function identityFor(
  credential: CredentialEntry,
  passage: Passage,
  { call }: Exchange,
  { identity }: GatewayParts,
): Promise<string> {
  return signedIdentity(credential, passage.route.origin.audience, call.nowMs, identity, call.defer);
}

function finish(
  exchange: Exchange,
  response: Response,
  outcome: "allowed" | "denied",
  reason: string | null,
  parts: GatewayParts,
  cors = exchange.trace.matched?.cors ?? null,
): Response {
  const { requestId, canonical, trace } = exchange;
  if (cors !== null) setCorsFields(response.headers, cors, exchange.call.header("origin"));
  finishResponse(response.headers, requestId, canonical.scheme, trace.matched?.security ?? parts.security);
  logDecision(exchange, outcome, response.status, reason);
  recordEnd(exchange, { outcome, status: response.status, reason });
  return response;
}

/** Nothing unexpected lets a call pass: an outage answers 503, a fault 500, and neither says what it was. */
function unexpected(error: unknown, { requestId, trace }: Exchange): Response {
  const dependency = error instanceof Outage ? error.dependency : null;
  logFault(dependency === null ? "internal_error" : "outage", {
    request_id: requestId,
    route: trace.route,
    dependency,
    error: error instanceof Error ? error.message : "not an Error",
    cause: error instanceof Error ? String(error.cause ?? "") : "",
  });
  return unexpectedResponse(dependency !== null, requestId);
}
