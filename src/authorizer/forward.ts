import type { GateRoute } from "../access/gate.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { reachesOrigin } from "../policy/inbound_headers.ts";
import { limitBody } from "./body_limit.ts";
import type { Exchange } from "./exchange.ts";

export type OriginFault = "origin_unreachable" | "origin_timeout" | "request_body_too_large";
export type Forwarded = Result<Response, OriginFault>;

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
  const answer = fetch(`${route.origin.url}${canonical.path}${canonical.search}`, {
    method: canonical.method,
    headers: originHeaders(exchange, identity),
    body: body.stream,
    redirect: "manual",
    cache: "no-store",
    ...(body.signal === null ? {} : { signal: body.signal }),
  });
  try {
    const response = await withinDeadline(answer, route.origin.timeoutMs);
    return response === null ? err("origin_timeout") : ok(response);
  } catch {
    return err(body.exceeded() ? "request_body_too_large" : "origin_unreachable");
  }
}

/**
 * What `answer` resolves to, or null when `timeoutMs` go by first. The call is then left behind and ends with this request:
 * a signal to abort it would cost every request what only a late one needs. One promise and no race, for the same reason.
 */
function withinDeadline(answer: Promise<Response>, timeoutMs: number): Promise<Response | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), timeoutMs);
    const settled =
      <T>(settle: (outcome: T) => void) =>
      (outcome: T) => {
        clearTimeout(timer);
        settle(outcome);
      };
    answer.then(settled(resolve), settled(reject));
  });
}

/**
 * The caller's headers that may pass, and then the gate's own, none of which a caller can have named. Appending one by one
 * is the fastest way to fill a Headers in workerd: a list of pairs takes four times as long.
 */
function originHeaders(exchange: Exchange, identity: string | null): Headers {
  const { requestId, canonical, address, call } = exchange;
  const headers = new Headers();
  const connection = call.header("connection");
  for (const [name, value] of exchange.headers) if (reachesOrigin(name, connection)) headers.append(name, value);
  headers.append("x-request-id", requestId);
  headers.append("x-forwarded-for", address);
  headers.append("x-forwarded-host", canonical.host);
  headers.append("x-forwarded-proto", canonical.scheme.slice(0, -1));
  if (identity !== null) headers.append("sallyport-identity", identity);
  return headers;
}
