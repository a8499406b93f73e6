import type { MiddlewareHandler } from "hono";
import type { ScopedEnv } from "./request_scope.ts";

const PREFLIGHT_SECONDS = "600";
/** What a script may read beside the body. */
const EXPOSED = "WWW-Authenticate, Retry-After, X-Request-Id";

/**
 * Lets scripts of any web site call an endpoint that takes `methods` and read its answer. Any site, and therefore never
 * with the browser's own credentials: nothing here is answered for a cookie, so a site gets no more than it could from
 * its own server. Preflights end here.
 */
export function anyOrigin(methods: string): MiddlewareHandler<ScopedEnv> {
  return async (c, next) => {
    if (isPreflight(c.req.raw)) return preflightAnswer(methods);
    await next();
    allowAnyOrigin(c.res.headers);
  };
}

/** Whether a browser asks what it may send. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === "OPTIONS" && headers.has("access-control-request-method");
}

/** What a browser is told that asks: see `anyOrigin`. */
export function preflightAnswer(methods: string): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-origin": "*",
      "access-control-allow-methods": methods,
      "access-control-allow-headers": "Authorization, Content-Type",
      "access-control-max-age": PREFLIGHT_SECONDS,
    },
  });
}

/** Lets a script of any site read an answer: see `anyOrigin`. */
export function allowAnyOrigin(headers: Headers): void {
  headers.set("access-control-allow-origin", "*");
  headers.set("access-control-expose-headers", EXPOSED);
}
