import type { Context, MiddlewareHandler } from "hono";
import { takeBody } from "./body.ts";
import type { ScopedEnv } from "./request_scope.ts";

/** What a body may be. */
export interface BodyBounds {
  readonly maxBytes: number;
  /** How long it may take to come. */
  readonly deadlineMs: number;
}

/**
 * Has every request read whole, within `bounds`, before anything of it is looked at, and reads the clock then. A caller may send the
 * beginning of a request now and its end when it likes: with the time of its beginning a code, a link or a session that is over by
 * then would count as good, and a stolen refresh token would be in time for the retry window. For the same reason nobody is
 * looked up before. To be used behind `requestScope`; `tooSlow` answers a body that was not there in time.
 *
 * A body that says it is longer is left as it is, for the route to refuse; one that turns out longer is cut behind the bound, where
 * the route finds it too long.
 */
export function wholeRequest<E extends ScopedEnv>(
  { maxBytes, deadlineMs }: BodyBounds,
  tooSlow: (c: Context<E>) => Response,
): MiddlewareHandler<E> {
  return async (c, next) => {
    const { raw } = c.req;
    if (raw.body === null || Number(raw.headers.get("content-length") ?? 0) > maxBytes) return next();
    const body = await inTime(takeBody(raw, maxBytes + 1), deadlineMs);
    if (body === null) return tooSlow(c);
    c.set("scope", { ...c.var.scope, nowMs: Date.now() });
    return next();
  };
}

/** What `reading` gives, or null once the deadline has passed. A reading that fails is the caller's hanging up: nobody waits any more. */
async function inTime<T>(reading: Promise<T>, deadlineMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), deadlineMs);
  });
  try {
    return await Promise.race([reading, late]);
  } finally {
    clearTimeout(timer);
  }
}
