import type { Context, MiddlewareHandler } from "hono";
import { callerUnit, clientAddress } from "./client_address.ts";
import { fillSecurityHeaders } from "./security_headers.ts";

/** What every request of an app has: a name, a time read once, and where it came from. */
export interface RequestScope {
  readonly requestId: string;
  readonly nowMs: number;
  readonly address: string;
  /** What budgets and limits count it by. */
  readonly addressUnit: string;
}

export type ScopedEnv = { Variables: { scope: RequestScope } };
export type ScopedContext = Context<ScopedEnv>;

/** The scope of `request`, which just came. */
export function openScope({ headers }: Request): RequestScope {
  const header = (name: string) => headers.get(name);
  const address = clientAddress(header);
  return { requestId: crypto.randomUUID(), nowMs: Date.now(), address, addressUnit: callerUnit(header, address) };
}

/** Marks an answer to a request for `url` with its id, the security headers and, unless it says otherwise, `no-store`. */
export function finishAnswer(headers: Headers, requestId: string, url: string): void {
  headers.set("x-request-id", requestId);
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  fillSecurityHeaders(headers, url.startsWith("https:") ? "https:" : "http:");
}

/** Opens the scope of every request, and finishes every answer. */
export function requestScope(): MiddlewareHandler<ScopedEnv> {
  return async (c, next) => {
    c.set("scope", openScope(c.req.raw));
    await next();
    finishAnswer(c.res.headers, c.var.scope.requestId, c.req.url);
  };
}
