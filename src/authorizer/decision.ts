import type { Passage } from "../access/pass_gate.ts";
import { logEvent } from "../http/log.ts";
import { type Problem, problemCode, problemResponse } from "../http/problem.ts";
import {
  type CanonicalRequest,
  canonicalAsSent,
  type SentFault,
  type SentRequest,
} from "../policy/canonical_request.ts";
import { ANONYMOUS } from "../policy/principal.ts";
import type { SecurityHeaders } from "../policy/security_headers.ts";
import type { AllowedCall, AuthorizationDecision, HeaderList, RefusedCall } from "../ports/authorization.ts";
import { looksInto } from "./contract_call.ts";
import { setCorsFields } from "./cors.ts";
import { type Exchange, type Incoming, openExchange, type Shape } from "./exchange.ts";
import type { Forwarded } from "./forward.ts";
import { conclude, finish, identityFor, type JudgementParts, judge, refuse, refuseUnexpected } from "./judgement.ts";
import { requestFaultResponse } from "./refusal_response.ts";
import { announceEnd, finishResponse, isCallersAlone, passResponse, setClearance, setPassFields } from "./response.ts";
import { unseenContract } from "./unseen_contract.ts";

/** What decisions are made with where somebody else passes the call on. */
export interface DecisionParts {
  readonly judgement: JudgementParts;
  /** Under which hosts the routes are. */
  readonly hosts: ReadonlySet<string>;
  /** Whether a path is Sallyport's own on a host: no origin has it. */
  readonly isOwnPath: (host: string, segments: readonly string[]) => boolean;
  /** Whether a body may come whose length nobody states, and which is then bounded by nobody here. */
  readonly takesUndeclaredBodies: boolean;
  /** Whether routes with a contract are decided on although nobody looks into their bodies. */
  readonly takesUnseenBodies: boolean;
}

const LOCAL_PROBLEMS = {
  host_ambiguous: {
    status: 400,
    code: "host_ambiguous",
    title: "Bad Request",
    detail: "the host has several readings",
  },
  unknown_host: { status: 421, code: "unknown_host", title: "Misdirected Request" },
  own_path: { status: 404, code: "not_found", title: "Not Found" },
  identity_presented: {
    status: 400,
    code: "identity_presented",
    title: "Bad Request",
    detail: "an identity is the gate's to give",
  },
  length_required: {
    status: 411,
    code: "length_required",
    title: "Length Required",
    detail: "the body's length must be stated",
  },
} as const satisfies Readonly<Record<string, Problem>>;

type LocalFault = keyof typeof LOCAL_PROBLEMS;

/**
 * The decision on a call that somebody else carries out, by the same gate as the inline one: route, caller, rights, limits, which are
 * charged. Nothing is sent to an origin. The call goes on in the spelling of `sent`, so what has several readings is refused here
 * where the inline gateway would send on its own.
 */
export async function decide(
  sent: SentRequest,
  incoming: Incoming,
  shape: Shape,
  ctx: ExecutionContext,
  parts: DecisionParts,
): Promise<AuthorizationDecision> {
  const canonical = canonicalAsSent(sent);
  const early = { scheme: sent.scheme, shape, security: parts.judgement.security };
  if (!canonical.ok) return refuseUnread(canonical.error, early);
  const exchange = openExchange(incoming, canonical.value, ctx, shape, parts.judgement.audit, parts.takesUnseenBodies);
  const fault = localFault(exchange, canonical.value, parts);
  return fault === null ? answerFor(exchange, parts.judgement) : refuseUnread(fault, early);
}

/** What is wrong with a call before anybody asks who makes it. */
function localFault({ headers, call }: Exchange, canonical: CanonicalRequest, parts: DecisionParts): LocalFault | null {
  const { method, host, segments } = canonical;
  if (!parts.hosts.has(host)) return "unknown_host";
  if (parts.isOwnPath(host, segments)) return "own_path";
  // Whoever passes the call on may fail to take a forged one off, above all where a public route gives none in its place.
  if (headers.some(([name]) => name.replaceAll("_", "-") === "sallyport-identity")) return "identity_presented";
  const isChunked = call.header("transfer-encoding") !== null;
  const mayHaveBody = isChunked || method === "POST" || method === "PUT" || method === "PATCH";
  const isStated = /^\d{1,15}$/.test(call.header("content-length") ?? "") && !isChunked;
  return mayHaveBody && !isStated && !parts.takesUndeclaredBodies ? "length_required" : null;
}

async function answerFor(exchange: Exchange, parts: JudgementParts): Promise<AuthorizationDecision> {
  try {
    const passed = await judge(exchange, parts);
    if (!passed.ok) return await refusedCall(refuse(passed.error, exchange, parts), exchange.requestId);
    const { route, admitted } = passed.value;
    if (admitted?.trial) await admitted.trial;
    const misfit = looksInto(route) ? unseenContract(exchange, route) : null;
    if (misfit !== null) return await refuseMisfit(misfit, exchange, passed.value, parts);
    const identity = await identityFor(passed.value, exchange, exchange.call.nowMs, parts);
    const allowed = allow(exchange, passed.value, identity);
    conclude(exchange, "allowed", 200, null);
    return allowed;
  } catch (error) {
    return refusedCall(refuseUnexpected(error, exchange, parts), exchange.requestId);
  }
}

function refuseMisfit(
  misfit: Forwarded,
  exchange: Exchange,
  { route, admitted }: Passage,
  parts: JudgementParts,
): Promise<RefusedCall> {
  const reason = misfit.ok ? null : misfit.error.fault;
  const response = passResponse(misfit, route, admitted?.limits ?? null, exchange);
  // As the inline gateway tells it: the gate has let the call in, and what it brings does not fit.
  return refusedCall(finish(exchange, response, "allowed", reason, parts), exchange.requestId);
}

function allow({ requestId, call }: Exchange, passage: Passage, identity: string | null): AllowedCall {
  const { route, admitted, credential, clearance } = passage;
  const headers = new Headers({ "x-request-id": requestId });
  if (isCallersAlone(route)) headers.set("cache-control", "no-store, private");
  setPassFields(headers, admitted?.limits ?? null);
  announceEnd(headers, route, call.segments);
  if (clearance !== null) setClearance(headers, clearance);
  if (route.cors !== null) setCorsFields(headers, route.cors, call.header("origin"));
  return {
    allowed: true,
    requestId,
    route: route.id,
    principal: credential?.principal ?? ANONYMOUS,
    identity,
    requestHeaders: [
      ["x-request-id", requestId],
      ...(identity === null ? [] : ([["sallyport-identity", identity]] as const)),
    ],
    responseHeaders: [...headers],
  };
}

function refuseUnread(fault: SentFault | LocalFault, early: EarlyRefusal): Promise<RefusedCall> {
  return refuseEarly(fault, early, (id) =>
    fault in LOCAL_PROBLEMS
      ? problemResponse(LOCAL_PROBLEMS[fault as LocalFault], id)
      : requestFaultResponse(fault as Exclude<SentFault, "host_ambiguous">, id),
  );
}

/** What is known of a call that is not looked at any further. */
export interface EarlyRefusal {
  readonly scheme: string;
  readonly shape: Shape;
  readonly security: SecurityHeaders;
}

/** Refuses what is not looked at any further, and logs the reason under the id that `respond` is given. */
export function refuseEarly(
  reason: string,
  { scheme, shape, security }: EarlyRefusal,
  respond: (requestId: string) => Response,
): Promise<RefusedCall> {
  const requestId = crypto.randomUUID();
  const response = respond(requestId);
  finishResponse(response.headers, requestId, scheme, security);
  logEvent("request_refused", { request_id: requestId, shape, reason, status: response.status });
  return refusedCall(response, requestId);
}

/** `response` as plain data. */
export async function refusedCall(response: Response, requestId: string): Promise<RefusedCall> {
  const headers: HeaderList = [...response.headers];
  const { status } = response;
  return { allowed: false, requestId, status, code: problemCode(response), headers, body: await response.text() };
}
