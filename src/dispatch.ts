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
import type { WebApp } from "./http/web_app.ts";
import { faultText } from "./kernel/fault_text.ts";
import { Outage } from "./kernel/outage.ts";
import { canonicalRequest } from "./policy/canonical_request.ts";
import type { AskedRequest, AskingShape, AuthorizationDecision } from "./ports/authorization.ts";
import type { Defer } from "./ports/edge_feed.ts";

const RETRY_AFTER_SECONDS = "2";
/** Between two tries of what an isolate begins. */
const BEGIN_AGAIN_MS = 60_000;
/** What operators act by, and nothing that proves anybody. */
const ADMIN_PREFIX = "/admin/v1/";

/** The apps of one deployment; null for the half that lives in another Worker. */
export interface Apps {
  readonly issuerHosts: ReadonlySet<string>;
  readonly gatewayHosts: ReadonlySet<string>;
  readonly issuer: WebApp | null;
  readonly admin: WebApp | null;
  readonly authorizer: AuthorizerParts | null;
}

/** The apps of one isolate, whichever configuration they were composed of. */
export interface LiveApps {
  /** The apps that serve a request at `nowMs`. Throws `Outage` of `configuration` where none may. */
  at(nowMs: number, defer: Defer): Apps | Promise<Apps>;
  /** The apps of what was deployed, for operators alone: what was published may be what has to be mended. */
  rescue(): Apps;
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
 * A deployment: opened by the first request and kept. Nobody sees what goes wrong on the way: a deployment that lacks something
 * answers 503 until it is mended, anything else 500, and the log says which. `begin` is done behind answers, once a minute until it
 * says that it is done, and must not throw.
 */
export function serve(
  open: (env: Environment) => LiveApps,
  begin?: (env: Environment) => Promise<boolean>,
): Deployment {
  let live: LiveApps | null = null;
  let beginAgainMs = begin === undefined ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const beginBehind = async (env: Environment) => {
    if (await begin?.(env)) beginAgainMs = Number.POSITIVE_INFINITY;
  };
  const opened = (env: Environment, ctx: ExecutionContext): LiveApps => {
    live ??= open(env);
    const nowMs = Date.now();
    if (nowMs >= beginAgainMs) {
      beginAgainMs = nowMs + BEGIN_AGAIN_MS;
      ctx.waitUntil(beginBehind(env));
    }
    return live;
  };
  const appsNow = (env: Environment, ctx: ExecutionContext) =>
    opened(env, ctx).at(Date.now(), (work) => ctx.waitUntil(work));
  return {
    async fetch(request, env, ctx) {
      try {
        const apps = appsNow(env, ctx);
        if (!(apps instanceof Promise)) return await dispatch(request, ctx, apps);
        return await dispatch(request, ctx, await orRescue(apps, opened(env, ctx), request));
      } catch (error) {
        return lastResort(error, request.url).response;
      }
    },
    async authorize(asked, shape, env, ctx) {
      try {
        const { authorizer } = await appsNow(env, ctx);
        if (authorizer === null) throw new DeploymentFault("no authorizer is in this Worker");
        return await authorizeCall(asked, shape === "middleware" ? shape : "rpc", ctx, authorizer.decisions);
      } catch (error) {
        const { response, requestId } = lastResort(error, asked.url);
        return refusedCall(response, requestId);
      }
    },
  };
}

/** Without a configuration that may serve, operators alone are let in: they can go back to one that does. */
async function orRescue(apps: Promise<Apps>, live: LiveApps, request: Request): Promise<Apps> {
  try {
    return await apps;
  } catch (error) {
    const { host, pathname } = new URL(request.url);
    if (!isUnconfigured(error) || !pathname.startsWith(ADMIN_PREFIX)) throw error;
    const { admin, ...rest } = live.rescue();
    if (admin === null || !rest.issuerHosts.has(host)) throw error;
    return { ...rest, admin, issuer: admin, authorizer: null };
  }
}

function isUnconfigured(error: unknown): boolean {
  return error instanceof Outage && error.dependency === "configuration";
}

function lastResort(error: unknown, url: string): { readonly response: Response; readonly requestId: string } {
  const requestId = crypto.randomUUID();
  const response = isUnconfigured(error) ? unconfigured(requestId) : unexpected(error, requestId);
  finishResponse(response.headers, requestId, URL.parse(url)?.protocol ?? "http:");
  return { response, requestId };
}

function unexpected(error: unknown, requestId: string): Response {
  const isDeployment = error instanceof DeploymentFault;
  const event = isDeployment ? "deployment_fault" : "internal_error";
  logFault(event, { request_id: requestId, error: faultText(error) });
  return unexpectedResponse(isDeployment, requestId);
}

/** Why is in the log, once and not for each request: see `config_not_loaded`. */
function unconfigured(requestId: string): Response {
  const problem = { status: 503, code: "configuration_unavailable", title: "Service Unavailable" };
  logEvent("request_refused", { request_id: requestId, reason: problem.code, status: problem.status });
  return problemResponse(problem, requestId, { "retry-after": RETRY_AFTER_SECONDS });
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
