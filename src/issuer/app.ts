import { Hono } from "hono";
import { anyOrigin } from "../http/cors.ts";
import { problemResponse } from "../http/problem.ts";
import { requestScope, type ScopedEnv } from "../http/request_scope.ts";
import type { WebApp } from "../http/web_app.ts";
import { wholeRequest } from "../http/whole_request.ts";
import type { Issuer } from "../issuing/issuer.ts";
import type { PublishedKeyReader } from "../ports/key_ring.ts";
import type { AuthorizationDesk } from "./authorization_desk.ts";
import { authorizationRoutes } from "./authorization_routes.ts";
import { answerClient } from "./client_endpoints.ts";
import { deviceRoutes } from "./device_routes.ts";
import { jwksRoute, metadataRoute, openidConfigurationRoute } from "./discovery_routes.ts";
import { firstPartyRoutes } from "./first_party_routes.ts";
import { logoutRoutes } from "./logout_route.ts";
import type { PageDesk } from "./page_desk.ts";
import { pageRoutes } from "./page_routes.ts";
import { BODY_BOUNDS, lastResort, tooSlow } from "./unanswered.ts";
import { userinfoRoute } from "./userinfo_route.ts";

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
export function issuerApp({ issuer, desks, published, jwksMaxAgeSeconds }: IssuerAppParts): WebApp {
  const app = new Hono<ScopedEnv>();
  app.use(requestScope());
  // For scripts of any site: what a client in a browser needs, and nothing that goes by cookies.
  for (const path of PUBLIC_DOCUMENTS) app.use(path, anyOrigin("GET, HEAD"));
  app.use("/oauth2/userinfo", anyOrigin("GET, POST"));
  app.use(wholeRequest(BODY_BOUNDS, (c) => tooSlow(c.req.path, c.var.scope)));
  app.get("/.well-known/oauth-authorization-server", () => metadataRoute(issuer));
  app.get("/.well-known/openid-configuration", () => openidConfigurationRoute(issuer));
  app.get("/.well-known/jwks.json", (c) => jwksRoute(c, issuer, published, jwksMaxAgeSeconds));
  for (const path of PUBLIC_DOCUMENTS) app.all(path, (c) => methodNotAllowed(c.var.scope.requestId));
  app.all("/oauth2/userinfo", (c) => userinfoRoute(c, issuer));
  authorizationRoutes(app, desks);
  deviceRoutes(app, issuer, desks);
  logoutRoutes(app, { issuer, desks });
  const { people } = desks.pages;
  firstPartyRoutes(app, { issuer, people, lifetimes: desks.authorization.authorizing.lifetimes });
  pageRoutes(app, desks.pages);
  app.notFound((c) => problemResponse({ status: 404, code: "not_found", title: "Not Found" }, c.var.scope.requestId));
  app.onError((error, c) => lastResort(error, c.req.path, c.var.scope.requestId));
  return { fetch: (request, env, ctx) => answerClient(request, issuer, ctx) ?? app.fetch(request, env, ctx) };
}

function methodNotAllowed(requestId: string): Response {
  const problem = { status: 405, code: "method_not_allowed", title: "Method Not Allowed" };
  return problemResponse(problem, requestId, { allow: "GET, HEAD" });
}
