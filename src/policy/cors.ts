/** What scripts of which web origins may do on a route, as the fields say it (Fetch §3.3). */
export interface CorsPolicy {
  /** Compared as texts with the caller's `Origin`: no wildcard, no suffix, no `null`. */
  readonly origins: ReadonlySet<string>;
  /** Whether browsers may send along what they hold for the gate's host. */
  readonly credentials: boolean;
  /** What a preflight is told. Methods of the path's other routes are among them where these have the same policy. */
  readonly allowMethods: string;
  readonly allowHeaders: string;
  readonly maxAge: string;
  /** What of an answer a script may read beside its body. */
  readonly exposeHeaders: string;
}

/**
 * The one origin that `policy` lets read an answer to a call with this `Origin`, or null. A header that came several times is one text
 * with commas, which is nobody's origin.
 */
export function permittedOrigin({ origins }: CorsPolicy, origin: string | null): string | null {
  return origin !== null && origins.has(origin) ? origin : null;
}
