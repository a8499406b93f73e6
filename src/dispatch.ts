import type { Hono } from "hono";
import { type AuthorizerParts, handleAuthorizerRequest } from "./authorizer/authorizer.ts";
import { requestFaultResponse } from "./authorizer/refusal_response.ts";
import { finishResponse } from "./authorizer/response.ts";
import { isGatewayPath, isIssuerPath } from "./config/reserved_paths.ts";
import { logEvent } from "./http/log.ts";
import { problemResponse } from "./http/problem.ts";
import type { ScopedEnv } from "./http/request_scope.ts";
import { canonicalRequest } from "./policy/canonical_request.ts";

/** The apps of one deployment; null for the half that lives in another Worker. */
export interface Apps {
  readonly issuerHosts: ReadonlySet<string>;
  readonly gatewayHosts: ReadonlySet<string>;
  readonly issuer: Hono<ScopedEnv> | null;
  readonly admin: Hono<ScopedEnv> | null;
  readonly authorizer: AuthorizerParts | null;
}

/**
 * Chooses the app once, by host and then by reserved path, on the one canonical form of the request. A host that is not
 * configured is nobody's: nothing is answered in its name.
 */
export async function dispatch(request: Request, ctx: ExecutionContext, apps: Apps): Promise<Response> {
  const url = new URL(request.url);
  const canonical = canonicalRequest(request.method, url);
  if (!canonical.ok) return refuse(url, canonical.error, (id) => requestFaultResponse(canonical.error, id));
  const { host, segments } = canonical.value;
  if (apps.issuer !== null && apps.issuerHosts.has(host) && isIssuerPath(segments)) {
    const app = segments[0] === "admin" && apps.admin !== null ? apps.admin : apps.issuer;
    return app.fetch(request, {}, ctx);
  }
  if (apps.authorizer !== null && apps.gatewayHosts.has(host)) {
    return handleAuthorizerRequest(request, canonical.value, isGatewayPath(segments), ctx, apps.authorizer);
  }
  const problem = { status: 421, code: "unknown_host", title: "Misdirected Request" };
  return refuse(url, "unknown_host", (id) => problemResponse(problem, id));
}

function refuse(url: URL, reason: string, respond: (requestId: string) => Response): Response {
  const requestId = crypto.randomUUID();
  const response = respond(requestId);
  finishResponse(response.headers, requestId, url.protocol);
  logEvent("request_refused", { request_id: requestId, reason, status: response.status });
  return response;
}
