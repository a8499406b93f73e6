import type { Hono } from "hono";
import { type AuthorizerParts, handleAuthorizerRequest } from "./authorizer/authorizer.ts";
import { requestFaultResponse, unexpectedResponse } from "./authorizer/refusal_response.ts";
import { finishResponse } from "./authorizer/response.ts";
import { DeploymentFault, type Environment } from "./bindings.ts";
import { isGatewayPath, isIssuerPath } from "./config/reserved_paths.ts";
import { logEvent, logFault } from "./http/log.ts";
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
 * The `fetch` of a deployment: its apps are composed by the first request and kept. Nobody sees what goes wrong on the way:
 * a deployment that lacks something answers 503 until it is mended, anything else 500, and the log says which. `begin` is done
 * once in an isolate, behind its first answer, and must not throw.
 */
export function serve(compose: (env: Environment) => Apps, begin?: (env: Environment) => Promise<void>) {
  let apps: Apps | null = null;
  return async (request: Request, env: Environment, ctx: ExecutionContext): Promise<Response> => {
    try {
      if (apps === null) {
        apps = compose(env);
        if (begin !== undefined) ctx.waitUntil(begin(env));
      }
      return await dispatch(request, ctx, apps);
    } catch (error) {
      return lastResort(error, request);
    }
  };
}

function lastResort(error: unknown, request: Request): Response {
  const requestId = crypto.randomUUID();
  const isDeployment = error instanceof DeploymentFault;
  const event = isDeployment ? "deployment_fault" : "internal_error";
  logFault(event, { request_id: requestId, error: error instanceof Error ? error.message : "not an Error" });
  const response = unexpectedResponse(isDeployment, requestId);
  finishResponse(response.headers, requestId, new URL(request.url).protocol);
  return response;
}

/**
 * Chooses the app once, by host and then by reserved path, on the one canonical form of the request. A host that is not
 * configured is nobody's: nothing is answered in its name.
 */
export async function dispatch(request: Request, ctx: ExecutionContext, apps: Apps): Promise<Response> {
  const url = new URL(request.url);
  const canonical = canonicalRequest(request.method, url);
  if (!canonical.ok) return refuse(url, canonical.error, apps, (id) => requestFaultResponse(canonical.error, id));
  const { host, segments } = canonical.value;
  if (apps.issuer !== null && apps.issuerHosts.has(host) && isIssuerPath(segments)) {
    const app = isOperators(segments) && apps.admin !== null ? apps.admin : apps.issuer;
    return app.fetch(request, {}, ctx);
  }
  if (apps.authorizer !== null && apps.gatewayHosts.has(host)) {
    return handleAuthorizerRequest(request, canonical.value, isGatewayPath(segments), ctx, apps.authorizer);
  }
  const problem = { status: 421, code: "unknown_host", title: "Misdirected Request" };
  return refuse(url, "unknown_host", apps, (id) => problemResponse(problem, id));
}

/** What operators act by, and what acts for them: reports of leaked keys. */
function isOperators([first]: readonly string[]): boolean {
  return first === "admin" || first === "secret-scanning";
}

function refuse(url: URL, reason: string, apps: Apps, respond: (requestId: string) => Response): Response {
  const requestId = crypto.randomUUID();
  const response = respond(requestId);
  const security = apps.gatewayHosts.has(url.host) ? apps.authorizer?.gateway.security : undefined;
  finishResponse(response.headers, requestId, url.protocol, security);
  logEvent("request_refused", { request_id: requestId, reason, status: response.status });
  return response;
}
