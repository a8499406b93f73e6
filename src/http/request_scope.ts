import type { Context, MiddlewareHandler } from "hono";
import { callerUnit, clientAddress } from "./client_address.ts";
import { fillSecurityHeaders } from "./security_headers.ts";

/** What every request of a Hono app has: a name, a time read once, and where it came from. */
export interface RequestScope {
  readonly requestId: string;
  readonly nowMs: number;
  readonly address: string;
  /** What budgets and limits count it by. */
  readonly addressUnit: string;
}

export type ScopedEnv = { Variables: { scope: RequestScope } };
export type ScopedContext = Context<ScopedEnv>;

/** Opens the scope, and marks every response with its id, the security headers and, unless it says otherwise, `no-store`. */
export function requestScope(): MiddlewareHandler<ScopedEnv> {
  return async (c, next) => {
    const header = (name: string) => c.req.raw.headers.get(name);
    c.set("scope", {
      requestId: crypto.randomUUID(),
      nowMs: Date.now(),
      address: clientAddress(header),
      addressUnit: callerUnit(header),
    });
    await next();
    const { headers } = c.res;
    headers.set("x-request-id", c.var.scope.requestId);
    if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
    fillSecurityHeaders(headers, c.req.url.startsWith("https:") ? "https:" : "http:");
  };
}
