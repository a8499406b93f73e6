import type { Hono } from "hono";
import { authorizeCall } from "./authorizer/authorization.ts";
import { type AuthorizerParts, handleAuthorizerRequest } from "./authorizer/authorizer.ts";
import { refusedCall } from "./authorizer/decision.ts";
import { isForwardAuthPath, PROXY_SECRET_FIELD } from "./authorizer/forward_auth.ts";
import { requestFaultResponse, unexpectedResponse } from "./authorizer/refusal_response.ts";
import { finishResponse } from "./authorizer/response.ts";
import { DeploymentFault, type Environment } from "./bindings.ts";
import { isGatewayPath, isIssuerPath } from "./config/reserved_paths.ts";
import { logEvent, logFault } from "./http/log.ts";
import { problemResponse } from "./http/problem.ts";
import type { ScopedEnv } from "./http/request_scope.ts";
import { canonicalRequest } from "./policy/canonical_request.ts";
import type { AskedRequest, AskingShape, AuthorizationDecision } from "./ports/authorization.ts";

/** The apps of one deployment; null for the half that lives in another Worker. */
export interface Apps {
  readonly issuerHosts: ReadonlySet<string>;
  readonly gatewayHosts: ReadonlySet<string>;
  readonly issuer: Hono<ScopedEnv> | null;
  readonly admin: Hono<ScopedEnv> | null;
  readonly authorizer: AuthorizerParts | null;
}

/** What a deployment's entry exports. */
export interface Deployment {
  fetch(request: Request, env: Environment, ctx: ExecutionContext): Promise<Response>;
  /** Answers another Worker that asks about a call. */
  authorize(
    asked: AskedRequest,
    shape: AskingShape,
    env: Environment,
    ctx: ExecutionContext,
  ): Promise<AuthorizationDecision>;
}

/**
 * A deployment: its apps are composed by the first request and kept. Nobody sees what goes wrong on the way:
 * a deployment that lacks something answers 503 until it is mended, anything else 500, and the log says which. `begin` is done
 * once in an isolate, behind its first answer, and must not throw.
 */
export function serve(compose: (env: Environment) => Apps, begin?: (env: Environment) => Promise<void>): Deployment {
  let apps: Apps | null = null;
  const composed = (env: Environment, ctx: ExecutionContext): Apps => {
    if (apps !== null) return apps;
    apps = compose(env);
    if (begin !== undefined) ctx.waitUntil(begin(env));
    return apps;
  };
  return {
    async fetch(request, env, ctx) {
      try {
        return await dispatch(request, ctx, composed(env, ctx));
      } catch (error) {
        return lastResort(error, request.url).response;
      }
    },
    async authorize(asked, shape, env, ctx) {
      try {
        const { authorizer } = composed(env, ctx);
        if (authorizer === null) throw new DeploymentFault("no authorizer is in this Worker");
        return await authorizeCall(asked, shape === "middleware" ? shape : "rpc", ctx, authorizer.decisions);
      } catch (error) {
        const { response, requestId } = lastResort(error, asked.url);
        return refusedCall(response, requestId);
      }
    },
  };
}

function lastResort(error: unknown, url: string): { readonly response: Response; readonly requestId: string } {
  const requestId = crypto.randomUUID();
  const isDeployment = error instanceof DeploymentFault;
  const event = isDeployment ? "deployment_fault" : "internal_error";
  logFault(event, { request_id: requestId, error: error instanceof Error ? error.message : "not an Error" });
  const response = unexpectedResponse(isDeployment, requestId);
  finishResponse(response.headers, requestId, URL.parse(url)?.protocol ?? "http:");
  return { response, requestId };
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
  if (isAstrayProxy(request, segments, apps)) {
    const problem = { status: 403, code: "proxy_astray", title: "Forbidden" };
    return refuse(url, "proxy_astray", apps, (id) => problemResponse(problem, id));
  }
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

/**
 * Whether a proxy asks about a call elsewhere than where such questions are answered: its caller's path led it out, and the answer
 * of any other path, above all a 200, would be taken for a verdict.
 */
function isAstrayProxy({ headers }: Request, segments: readonly string[], { authorizer }: Apps): boolean {
  return (
    authorizer !== null &&
    authorizer.forwardAuth !== null &&
    headers.has(PROXY_SECRET_FIELD) &&
    !isForwardAuthPath(segments)
  );
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
