import { type CorsPolicy, permittedOrigin } from "./cors.ts";

/** Why a call that a browser proves by itself may have been made by a page of another site: fixed words for logs. */
export type CrossSiteFault =
  | "csrf_origin_missing"
  | "csrf_origin_foreign"
  | "csrf_site_foreign"
  | "csrf_header_missing";

/** What scripts have to send with calls that act. No form can, and another origin's script only where a preflight grants it. */
export const CSRF_HEADER = "Sallyport-CSRF";
const CSRF_FIELD = CSRF_HEADER.toLowerCase();
const CSRF_VALUE = "1";

/** RFC 9110 §9.2.1. */
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

interface BrowserCall {
  readonly method: string;
  readonly header: (name: string) => string | null;
}

/**
 * Why a call that carries a cookie may not be its person's doing; null where it is a page's of `ownOrigin`, or of a listed origin on the same
 * site. `Origin` is compared as a text, and what acts has to have one: no older hint (`Referer`, the cookie's `SameSite`) stands in for it. An
 * upgrade acts whatever its method, but no browser lets a page set headers on it (RFC 6455 §4.1): there `Origin` alone decides.
 *
 * What only reads may also come by a person's own visit, a link anywhere or the address line. All else that another site embeds is refused: it
 * could not read the answer, but measure it.
 */
export function crossSiteFault(
  { method, header }: BrowserCall,
  ownOrigin: string,
  cors: CorsPolicy | null,
): CrossSiteFault | null {
  const origin = header("origin");
  const isOwn = origin === ownOrigin;
  const isListed = cors?.credentials === true && permittedOrigin(cors, origin) !== null;
  if (origin !== null && !isOwn && !isListed) return "csrf_origin_foreign";
  const site = header("sec-fetch-site");
  const isUpgrade = header("upgrade") !== null;
  if (!isUpgrade && SAFE.has(method)) {
    const isNear = site === null || site === "same-origin" || site === "none" || (isListed && site === "same-site");
    return isNear || isVisit(header) ? null : "csrf_site_foreign";
  }
  if (origin === null) return "csrf_origin_missing";
  if (site !== null && site !== (isOwn ? "same-origin" : "same-site")) return "csrf_site_foreign";
  return isUpgrade || header(CSRF_FIELD) === CSRF_VALUE ? null : "csrf_header_missing";
}

/** Whether the browser opens the answer as a page of its own, and not inside another one. */
function isVisit(header: BrowserCall["header"]): boolean {
  return header("sec-fetch-mode") === "navigate" && header("sec-fetch-dest") === "document";
}
