import type { Hono } from "hono";
import type { ScopedContext, ScopedEnv } from "../http/request_scope.ts";
import type { AuthorizationDesk } from "./authorization_desk.ts";
import { authorizeRoute, chooseAccountRoute, resumeRoute } from "./authorize_route.ts";
import { consentPageRoute, consentRoute } from "./consent_route.ts";
import type { PageDesk } from "./page_desk.ts";
import { asPage, methodNotAllowed } from "./page_routes.ts";

type Handler = (c: ScopedContext, desk: AuthorizationDesk) => Promise<Response>;

const ROUTES: Readonly<Record<string, Readonly<Partial<Record<"GET" | "POST", Handler>>>>> = {
  "/oauth2/authorize": { GET: authorizeRoute, POST: authorizeRoute },
  "/oauth2/authorize/resume": { GET: resumeRoute, POST: chooseAccountRoute },
  "/consent": { GET: consentPageRoute, POST: consentRoute },
};

/** Adds the authorization endpoint and its steps to `app`. Whatever goes wrong is told in a page: a person is looking at it. */
export function authorizationRoutes(
  app: Hono<ScopedEnv>,
  { pages, authorization }: { readonly pages: PageDesk; readonly authorization: AuthorizationDesk },
): void {
  for (const [path, handlers] of Object.entries(ROUTES)) {
    for (const [method, handler] of Object.entries(handlers)) {
      app.on(method, path, (c) => asPage(c, pages, () => handler(c, authorization)));
    }
    const allow = Object.keys(handlers).join(", ").replace("GET", "GET, HEAD");
    app.all(path, (c) => asPage(c, pages, () => methodNotAllowed(c, pages, allow)));
  }
}
