import type { GateRoute } from "../access/gate.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { cookiesForOrigin } from "../policy/cookies.ts";
import { reachesOrigin } from "../policy/inbound_headers.ts";
import type { OnwardFault } from "../ports/onward_tokens.ts";
import { limitBody } from "./body_limit.ts";
import type { Exchange } from "./exchange.ts";
import { setHandshake } from "./handshake_fields.ts";

/** Why there is no response of an origin: it gave none, or the gate did not ask it. */
export type OriginFault =
  | "origin_unreachable"
  | "origin_timeout"
  | "request_body_too_large"
  | "origin_busy"
  | "origin_unavailable"
  | "request_invalid"
  | "field_not_writable"
  | "precondition_failed"
  | "unsupported_media_type"
  | "request_timeout"
  | "gate_busy"
  | "upgrade_failed"
  | "response_invalid"
  | OnwardFault;

/** One thing wrong with a request, for its sender. */
export interface InputError {
  readonly in: string;
  /** JSON pointer (RFC 6901) within the path, query, header or body. */
  readonly pointer: string;
  readonly detail: string;
}

export interface OriginFailure {
  readonly fault: OriginFault;
  /** When to come back, in seconds; null where nobody can say. */
  readonly retryAfterSeconds: number | null;
  /** What is wrong with the request; empty where that is not why. */
  readonly errors: readonly InputError[];
}

export type Forwarded = Result<Response, OriginFailure>;

/** No response, because of `fault`. */
export function withoutResponse(
  fault: OriginFault,
  retryAfterSeconds: number | null = null,
  errors: readonly InputError[] = [],
): Forwarded {
  return err({ fault, retryAfterSeconds, errors });
}

/**
 * Sends the request to its origin in its canonical form and gives the response back as it begins: bodies stream both ways.
 * The deadline covers the time until the response begins. Redirects are the caller's to follow, so that no credential
 * and no identity follows them; nothing is cached on the way, because the answer may depend on the identity.
 * `identity` is the signed one, null on a public route.
 */
export async function forward(
  request: Request,
  route: GateRoute,
  exchange: Exchange,
  identity: string | null,
): Promise<Forwarded> {
  const { canonical } = exchange;
  const body = limitBody(request, route.maxBodyBytes);
  const answer = fetch(originUrl(route, exchange), {
    method: canonical.method,
    headers: originHeaders(route, exchange, identity),
    body: body.stream,
    redirect: "manual",
    cache: "no-store",
    ...(body.signal === null ? {} : { signal: body.signal }),
  });
  try {
    const response = await withinDeadline(answer, route.origin.timeoutMs);
    return response === null ? withoutResponse("origin_timeout") : ok(response);
  } catch {
    return withoutResponse(body.exceeded() ? "request_body_too_large" : "origin_unreachable");
  }
}

/** Where a call goes on to. */
export function originUrl({ origin }: GateRoute, { canonical, search }: Exchange): string {
  return `${origin.url}${canonical.path}${search}`;
}

/**
 * What `answer` resolves to, or null when `timeoutMs` go by first. A call to an origin is then left behind, and the platform ends it
 * with this request: a signal to abort it would cost every request what only a late one needs. One promise and no race,
 * for the same reason; and the timer is the platform's to drop with the request, for to clear it costs more than to set it.
 */
export function withinDeadline<T>(answer: Promise<T>, timeoutMs: number): Promise<T | null> {
  return new Promise((resolve, reject) => {
    setTimeout(resolve, timeoutMs, null);
    answer.then(resolve, reject);
  });
}

/**
 * The caller's headers that may pass, and then the gate's own, none of which a caller can have named. A record, of which the runtime makes its
 * `Headers` at once: one that was filled here would be copied, and both be collected. No names are on it but those of headers.
 */
export function originHeaders(
  { cookies, webSocket }: GateRoute,
  exchange: Exchange,
  identity: string | null,
): Record<string, string> {
  const { requestId, canonical, address, call } = exchange;
  const headers: Record<string, string> = Object.create(null);
  const connection = call.header("connection");
  for (const [name, value] of exchange.headers) if (reachesOrigin(name, connection)) headers[name] = value;
  if (cookies !== null) {
    const passing = cookiesForOrigin(call.header("cookie") ?? "", cookies);
    if (passing !== null) headers.cookie = passing;
  }
  headers["x-request-id"] = requestId;
  headers["x-forwarded-for"] = address;
  headers["x-forwarded-host"] = canonical.host;
  headers["x-forwarded-proto"] = canonical.scheme.slice(0, -1);
  if (identity !== null) headers["sallyport-identity"] = identity;
  if (webSocket !== null) setHandshake(headers, call);
  return headers;
}
