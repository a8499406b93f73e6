import type { SessionCache } from "./session_cache.ts";

/** What a route that takes the issuer's browser session needs. */
export interface RouteSession {
  /** The session's cookie in a `Cookie` field, or null; null as well where it is there twice. */
  readonly cookieIn: (header: string | null) => string | null;
  readonly cache: SessionCache;
  /** Where people sign in: a page of the issuer's, named by the configuration alone. */
  readonly loginUrl: string;
}
