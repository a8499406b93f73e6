import { Hono } from "hono";
import { anyOrigin } from "../http/cors.ts";
import { logEvent, logFault } from "../http/log.ts";
import { problemResponse } from "../http/problem.ts";
import { requestScope, type ScopedContext, type ScopedEnv } from "../http/request_scope.ts";
import { wholeRequest } from "../http/whole_request.ts";
import type { Issuer } from "../issuing/issuer.ts";
import { faultFields } from "../kernel/fault_text.ts";
import { Outage } from "../kernel/outage.ts";
import type { PublishedKeyReader } from "../ports/key_ring.ts";
import { oauthError } from "../protocol/oauth_error.ts";
import type { AuthorizationDesk } from "./authorization_desk.ts";
import { authorizationRoutes } from "./authorization_routes.ts";
import { deviceRoutes } from "./device_routes.ts";
import { jwksRoute, metadataRoute, openidConfigurationRoute } from "./discovery_routes.ts";
import { firstPartyRoutes } from "./first_party_routes.ts";
import { introspectRoute } from "./introspect_route.ts";
import { logoutRoutes } from "./logout_route.ts";
import { oauthErrorResponse } from "./oauth_response.ts";
import type { PageDesk } from "./page_desk.ts";
import { pageRoutes } from "./page_routes.ts";
import { revokeRoute } from "./revoke_route.ts";
import { tokenRoute } from "./token_route.ts";
import { userinfoRoute } from "./userinfo_route.ts";

const RETRY_AFTER_SECONDS = "2";
/** The most that any endpoint here takes; some take less. Ten seconds are longer than any honest upload of that size. */
const BODY_BOUNDS = { maxBytes: 64 * 1024, deadlineMs: 10_000 };
const PUBLIC_DOCUMENTS = [
  "/.well-known/oauth-authorization-server",
  "/.well-known/openid-configuration",
  "/.well-known/jwks.json",
];

/** What the issuer's app is built from. */
export interface IssuerAppParts {
  readonly issuer: Issuer;
  /** What people meet. */
  readonly desks: { readonly pages: PageDesk; readonly authorization: AuthorizationDesk };
  readonly published: PublishedKeyReader;
  /** How long verifiers may cache the key set. */
  readonly jwksMaxAgeSeconds: number;
}

/**
 * The issuer over HTTP: discovery and the OAuth endpoints. Owns the mapping of refusals to responses and one log line per
 * call. Refuses to derive anything from the Host header: every URL it tells comes from the configuration.
 */
export function issuerApp({ issuer, desks, published, jwksMaxAgeSeconds }: IssuerAppParts): Hono<ScopedEnv> {
  const app = new Hono<ScopedEnv>();
  app.use(requestScope());
  // For scripts of any site: what a client in a browser needs, and nothing that goes by cookies.
  for (const path of PUBLIC_DOCUMENTS) app.use(path, anyOrigin("GET, HEAD"));
  for (const path of ["/oauth2/token", "/oauth2/revoke"]) app.use(path, anyOrigin("POST"));
  app.use("/oauth2/userinfo", anyOrigin("GET, POST"));
  app.use(wholeRequest(BODY_BOUNDS, tooSlow));
  app.get("/.well-known/oauth-authorization-server", () => metadataRoute(issuer));
  app.get("/.well-known/openid-configuration", () => openidConfigurationRoute(issuer));
  app.get("/.well-known/jwks.json", (c) => jwksRoute(c, issuer, published, jwksMaxAgeSeconds));
  for (const path of PUBLIC_DOCUMENTS) app.all(path, (c) => methodNotAllowed(c.var.scope.requestId));
  app.all("/oauth2/token", (c) => tokenRoute(c, issuer));
  app.all("/oauth2/revoke", (c) => revokeRoute(c, issuer));
  app.all("/oauth2/introspect", (c) => introspectRoute(c, issuer));
  app.all("/oauth2/userinfo", (c) => userinfoRoute(c, issuer));
  authorizationRoutes(app, desks);
  deviceRoutes(app, issuer, desks);
  logoutRoutes(app, { issuer, desks });
  const { people } = desks.pages;
  firstPartyRoutes(app, { issuer, people, lifetimes: desks.authorization.authorizing.lifetimes });
  pageRoutes(app, desks.pages);
  app.notFound((c) => problemResponse({ status: 404, code: "not_found", title: "Not Found" }, c.var.scope.requestId));
  app.onError((error, c) => lastResort(error, c.req.path, c.var.scope.requestId));
  return app;
}

function methodNotAllowed(requestId: string): Response {
  const problem = { status: 405, code: "method_not_allowed", title: "Method Not Allowed" };
  return problemResponse(problem, requestId, { allow: "GET, HEAD" });
}

/** A body that did not come: told like any refusal of the endpoint it was for. */
function tooSlow(c: ScopedContext): Response {
  const description = "the body did not come in time";
  const { requestId, address } = c.var.scope;
  logEvent("request_too_slow", { request_id: requestId, address, path: c.req.path });
  if (c.req.path.startsWith("/oauth2/")) {
    return oauthErrorResponse(oauthError("invalid_request", description, "request_timeout", 408));
  }
  const problem = { status: 408, code: "request_timeout", title: "Request Timeout", detail: description };
  return problemResponse(problem, requestId);
}

/** Whatever nobody expected: an outage says when to come back, anything else says nothing. */
function lastResort(error: Error, path: string, requestId: string): Response {
  const dependency = error instanceof Outage ? error.dependency : null;
  logFault(dependency === null ? "internal_error" : "outage", {
    request_id: requestId,
    path,
    dependency,
    ...faultFields(error),
  });
  if (dependency !== null) return outageResponse(path, requestId);
  return problemResponse({ status: 500, code: "internal_error", title: "Internal Server Error" }, requestId);
}

/** OAuth clients read OAuth's errors; everyone else reads problems (RFC 9457). */
function outageResponse(path: string, requestId: string): Response {
  const description = "please try again in a moment";
  if (path.startsWith("/oauth2/")) {
    return oauthErrorResponse(oauthError("temporarily_unavailable", description, "outage"));
  }
  const problem = { status: 503, code: "temporarily_unavailable", title: "Service Unavailable", detail: description };
  return problemResponse(problem, requestId, { "retry-after": RETRY_AFTER_SECONDS });
}
