import type { Context, MiddlewareHandler } from "hono";
import { declaredBytes, takeBody } from "./body.ts";
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
  const declared = declaredBytes(request);
  // Whoever states a length brings a body: to look at the body itself makes an object of it.
  if (declared > maxBytes || (declared === 0 && request.body === null)) return begunMs;
  const isWhole = await isInTime(takeBody(request, maxBytes + 1), deadlineMs);
  return isWhole ? Date.now() : null;
}

/** Whether `reading` succeeds before the deadline has passed. Where it fails the caller hung up, and nobody waits any more. */
function isInTime(reading: Promise<unknown>, deadlineMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), deadlineMs);
    const settle = (isWhole: boolean) => {
      clearTimeout(timer);
      resolve(isWhole);
    };
    reading.then(
      () => settle(true),
      () => settle(false),
    );
  });
}
