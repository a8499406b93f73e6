import type { GateRoute } from "../access/gate.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import { reachesOrigin } from "../policy/inbound_headers.ts";
import { limitBody } from "./body_limit.ts";

export type OriginFault = "origin_unreachable" | "origin_timeout" | "request_body_too_large";
export type Forwarded = Result<Response, OriginFault>;

/** What the origin is told beside the request itself. */
export interface ForwardedFacts {
  readonly requestId: string;
  readonly canonical: CanonicalRequest;
  readonly address: string;
  /** The signed identity; null on a public route. */
  readonly identity: string | null;
}

/**
 * Sends the request to its origin in its canonical form and gives the response back as it begins: bodies stream both ways.
 * The deadline covers the time until the response begins. Redirects are the caller's to follow, so that no credential
 * and no identity follows them; nothing is cached on the way, because the answer may depend on the identity.
 */
export async function forward(request: Request, route: GateRoute, facts: ForwardedFacts): Promise<Forwarded> {
  const { canonical } = facts;
  const abort = new AbortController();
  const body = limitBody(request, route.maxBodyBytes, abort);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, route.origin.timeoutMs);
  try {
    return ok(
      await fetch(`${route.origin.url}${canonical.path}${canonical.search}`, {
        method: canonical.method,
        headers: originHeaders(request.headers, facts),
        body: body.stream,
        redirect: "manual",
        cache: "no-store",
        signal: abort.signal,
      }),
    );
  } catch {
    if (body.exceeded()) return err("request_body_too_large");
    return err(timedOut ? "origin_timeout" : "origin_unreachable");
  } finally {
    clearTimeout(timer);
  }
}

function originHeaders(inbound: Headers, { requestId, canonical, address, identity }: ForwardedFacts): Headers {
  const headers = new Headers();
  const connection = inbound.get("connection");
  for (const [name, value] of inbound) if (reachesOrigin(name, connection)) headers.append(name, value);
  headers.set("x-request-id", requestId);
  headers.set("x-forwarded-for", address);
  headers.set("x-forwarded-host", canonical.host);
  headers.set("x-forwarded-proto", canonical.scheme.slice(0, -1));
  if (identity !== null) headers.set("sallyport-identity", identity);
  return headers;
}
