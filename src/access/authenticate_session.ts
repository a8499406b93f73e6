import { sha256Base64url } from "../kernel/bytes.ts";
import { ok, type Result } from "../kernel/result.ts";
import { type CrossSiteFault, crossSiteFault } from "../policy/cross_site.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { parseOpaqueToken } from "../protocol/opaque_token.ts";
import type { Presented } from "./credentials.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import type { RouteSession } from "./route_session.ts";
import type { CachedSession } from "./session_cache.ts";
import { type Unproven, unproven } from "./unproven.ts";

/** Why a cookie proves nobody: a stable word for logs. */
export type SessionFault = "session_malformed" | "session_unknown";

/** A session's cookie on a route that takes it; nothing about it is proven. */
export interface PresentedSession {
  readonly kind: "session";
  readonly cookie: string;
  readonly session: RouteSession;
}

/**
 * What was presented, or the session's cookie in the place of nothing: where the route takes it and the gate itself carries the call
 * out. Where a proxy or an app does, nobody here knows whether the cookie goes on to an origin.
 */
export function presentedOrSession(
  presented: Presented,
  { session }: GateRoute,
  call: Call,
): Presented | PresentedSession {
  const takesCookie = session !== null && call.isPassedOnHere;
  if (!takesCookie || presented.kind !== "none" || presented.reason !== "no_credential") return presented;
  const cookie = session.cookieIn(call.header("cookie"));
  return cookie === null ? presented : { kind: "session", cookie, session };
}

/** Why a call with a session's cookie may be another site's doing: looked at before the cookie, of which it tells nothing. */
export function forgery({ cors }: GateRoute, call: Call): CrossSiteFault | null {
  return crossSiteFault(call, call.connection.webOrigin(), cors);
}

/**
 * Proves a browser session by its cookie, as the issuer knows it. `throttled`: the address has failed too often for another exchange.
 * Throws `Outage`.
 */
export async function authenticateSession(
  cookie: string,
  { cache }: RouteSession,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CachedSession, Unproven<SessionFault | "throttled">>> {
  const token = parseOpaqueToken("sps_", cookie);
  if (token === null) return unproven("session_malformed", null);
  const proof = { sealed: token.sealed, secretHash: await sha256Base64url(token.secret) };
  const costs = !cache.knows(proof, call.nowMs);
  if (costs && gate.failures.waitSeconds(call.address, call.nowMs) > 0) return unproven("throttled", null);
  const found = await cache.find(proof, call.nowMs, view, call.defer);
  return found === null ? unproven("session_unknown", null) : ok(found);
}
