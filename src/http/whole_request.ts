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
  bounds: BodyBounds,
  tooSlow: (c: Context<E>) => Response,
): MiddlewareHandler<E> {
  return async (c, next) => {
    const { scope } = c.var;
    const nowMs = await takeWhole(c.req.raw, bounds, scope.nowMs);
    if (nowMs === null) return tooSlow(c);
    c.set("scope", { ...scope, nowMs });
    return next();
  };
}

/**
 * Takes in the body of one request, begun at `begunMs`, as `wholeRequest` does: when it was there whole, or null where it was not in time, or
 * broke off.
 */
export async function takeWhole(
  request: Request,
  { maxBytes, deadlineMs }: BodyBounds,
  begunMs: number,
): Promise<number | null> {
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (request.body === null || declared > maxBytes) return begunMs;
  const body = await inTime(takeBody(request, maxBytes + 1), deadlineMs);
  return body === null ? null : Date.now();
}

/** What `reading` gives, or null once the deadline has passed, or where it fails: the caller hung up, and nobody waits any more. */
async function inTime<T>(reading: Promise<T>, deadlineMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), deadlineMs);
  });
  try {
    return await Promise.race([reading.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
