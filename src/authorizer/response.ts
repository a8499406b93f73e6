import type { JudgedLimits } from "../access/admit.ts";
import type { GateRoute } from "../access/gate.ts";
import { CLEARANCE_HEADER } from "../access/require_captcha.ts";
import { type Problem, problemResponse } from "../http/problem.ts";
import { type SecurityHeaders, setSecurityHeaders } from "../http/security_headers.ts";
import { rateLimitFields } from "../limits/rate_limit_fields.ts";
import { cookieForCaller } from "../policy/cookies.ts";
import { reachesCaller } from "../policy/inbound_headers.ts";
import { successorOf } from "../policy/successor.ts";
import type { Exchange } from "./exchange.ts";
import type { Forwarded, OriginFailure, OriginFault } from "./forward.ts";

const ORIGIN_PROBLEMS: Readonly<Record<OriginFault, Problem>> = {
  origin_unreachable: { status: 502, code: "origin_unreachable", title: "Bad Gateway" },
  origin_timeout: { status: 504, code: "origin_timeout", title: "Gateway Timeout" },
  request_body_too_large: { status: 413, code: "body_too_large", title: "Content Too Large" },
  origin_busy: { status: 503, code: "origin_busy", title: "Service Unavailable" },
  origin_unavailable: { status: 503, code: "origin_unavailable", title: "Service Unavailable" },
  request_invalid: {
    status: 400,
    code: "request_invalid",
    title: "Bad Request",
    detail: "the request is not what this operation takes",
  },
  field_not_writable: {
    status: 403,
    code: "field_not_writable",
    title: "Forbidden",
    detail: "the body has what this caller may not write",
  },
  precondition_failed: {
    status: 412,
    code: "precondition_failed",
    title: "Precondition Failed",
    detail: "no validator of this resource was given to this caller",
  },
  unsupported_media_type: { status: 415, code: "unsupported_media_type", title: "Unsupported Media Type" },
  request_timeout: { status: 408, code: "request_timeout", title: "Request Timeout" },
  gate_busy: { status: 503, code: "temporarily_unavailable", title: "Service Unavailable" },
  upgrade_failed: { status: 502, code: "upgrade_failed", title: "Bad Gateway" },
  response_invalid: { status: 502, code: "response_invalid", title: "Bad Gateway" },
  origin_credential_unavailable: { status: 503, code: "origin_credential_unavailable", title: "Service Unavailable" },
  origin_credential_refused: { status: 502, code: "origin_credential_refused", title: "Bad Gateway" },
};

/**
 * The caller's response to a call that passed: the origin's, cleaned, or the problem that stood in its place. `limits` is
 * null where nothing was counted.
 */
export function passResponse(
  forwarded: Forwarded,
  route: GateRoute,
  limits: JudgedLimits | null,
  { requestId, canonical }: Pick<Exchange, "requestId" | "canonical">,
): Response {
  const response = forwarded.ok
    ? fromOrigin(forwarded.value, route, requestId, canonical.scheme)
    : withoutOrigin(forwarded.error, requestId);
  setPassFields(response.headers, limits);
  return response;
}

/** What the gate itself says to the caller of a call that passed. `limits` is null where nothing was counted. */
export function setPassFields(headers: Headers, limits: JudgedLimits | null): void {
  if (limits !== null) {
    const { verdict, policies, fields } = limits;
    for (const [name, value] of rateLimitFields(verdict, policies, fields).fields) headers.set(name, value);
  }
}

/** What every response of the gateway carries last, so that nothing before can take it away. */
export function finishResponse(headers: Headers, requestId: string, scheme: string, security?: SecurityHeaders): void {
  headers.set("x-request-id", requestId);
  setSecurityHeaders(headers, scheme, security);
}

/** Gives the caller what it may show next time in the place of another proof. It is that caller's alone. */
export function setClearance(headers: Headers, clearance: string): void {
  headers.set(CLEARANCE_HEADER, clearance);
  headers.set("cache-control", "no-store, private");
}

/** Announces the end of a route that has one (RFC 9745, RFC 8594), and what replaces it for a call to `segments`. */
export function announceEnd(headers: Headers, { deprecation }: GateRoute, segments: readonly string[]): void {
  if (deprecation === null) return;
  const { sinceMs, sunsetMs, successor } = deprecation;
  headers.set("deprecation", `@${Math.floor(sinceMs / 1000)}`);
  headers.set("sunset", new Date(sunsetMs).toUTCString());
  headers.append("link", `<${successorOf(successor, segments)}>; rel="successor-version"`);
}

function withoutOrigin({ fault, retryAfterSeconds, errors }: OriginFailure, requestId: string): Response {
  const headers = retryAfterSeconds === null ? {} : { "retry-after": String(retryAfterSeconds) };
  const problem = ORIGIN_PROBLEMS[fault];
  return problemResponse(errors.length === 0 ? problem : { ...problem, members: { errors } }, requestId, headers);
}

function fromOrigin(origin: Response, route: GateRoute, requestId: string, scheme: string): Response {
  // An origin's account of its own failure may hold stack traces and names of inner machines.
  if (origin.status >= 500 || origin.status < 200) return originFailure(origin, requestId);
  const response = new Response(origin.body, origin);
  const { headers } = response;
  const connection = headers.get("connection");
  for (const name of [...headers.keys()]) {
    const speaksToScripts = name.startsWith("access-control-") && !route.keepsOriginCors;
    if (speaksToScripts || !reachesCaller(name, connection)) headers.delete(name);
  }
  if (route.cookies !== null) passCookies(origin.headers, headers, route.cookies, scheme);
  if (isCallersAlone(route)) headers.set("cache-control", "no-store, private");
  return response;
}

/** Whether an answer to a proven caller, or to one with cookies, is that caller's alone, whatever the origin thinks of caches. */
export function isCallersAlone({ isPublic, cookies }: GateRoute): boolean {
  return !isPublic || cookies !== null;
}

/** So many cookies of one answer pass; more is a fault of the origin that browsers would cut off anywhere. */
const MAX_SET_COOKIES = 50;

/** Passes those cookies of an origin on that its route names. */
export function passCookies(from: Headers, to: Headers, names: ReadonlySet<string>, scheme: string): void {
  for (const field of from.getSetCookie().slice(0, MAX_SET_COOKIES)) {
    const cookie = cookieForCaller(field, names, scheme === "https:");
    if (cookie !== null) to.append("set-cookie", cookie);
  }
}

/** Other numbers than these have no meaning for a caller (RFC 9110 §15), and no Response can carry some of them. */
function isServerError(status: number): boolean {
  return status >= 500 && status <= 599;
}

function originFailure(origin: Response, requestId: string): Response {
  origin.body?.cancel().catch(() => undefined);
  const retryAfter = origin.headers.get("retry-after");
  return problemResponse(
    { status: isServerError(origin.status) ? origin.status : 502, code: "origin_error", title: "The origin failed" },
    requestId,
    retryAfter === null ? {} : { "retry-after": retryAfter },
  );
}
