import type { RouteSession } from "../access/route_session.ts";
import { SessionCache } from "../access/session_cache.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { cookieRules } from "../http/cookies.ts";
import { readSessionCookie } from "../http/session_cookie.ts";
import type { Kept } from "../kernel/kept.ts";
import type { IssuerReader } from "../ports/issuer_reader.ts";

/*
 * The wiring of the issuer's browser session as a credential.
 */

/** What routes that take the session share; null where none does. */
export function composeSessions(
  { issuer, gateway }: CompiledConfig,
  reader: IssuerReader,
  kept: Kept,
): RouteSession | null {
  if (gateway.session === undefined) return null;
  const rights = { issuer: issuer.url, scopes: gateway.session.scopes };
  const rules = cookieRules(issuer.url);
  return {
    cookieIn: (header) => readSessionCookie(header, rules),
    cache: kept.keep("sessions", rights, () => new SessionCache((proof) => reader.findSession(proof), rights)),
    loginUrl: `${issuer.url}/login`,
  };
}
