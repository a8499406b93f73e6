/** Why a form is not taken for one of ours: fixed words for logs. */
export type FormOriginFault = "form_origin_foreign" | "form_origin_unknown";

/** What a browser says of where a request comes from. */
export interface RequestOrigin {
  readonly origin: string | null;
  readonly secFetchSite: string | null;
}

/**
 * Why a form that was posted with these headers may come from another site, or null where it comes from `ownOrigin`. `Origin` is
 * compared as a string; `null` is what sandboxed frames and redirects between sites send, so it is foreign. A browser
 * that sends no `Origin` has to say `same-origin` in `Sec-Fetch-Site`; one that says neither is refused (V3.5.1).
 */
export function formOriginFault({ origin, secFetchSite }: RequestOrigin, ownOrigin: string): FormOriginFault | null {
  if (origin !== null) return origin === ownOrigin ? null : "form_origin_foreign";
  if (secFetchSite === null) return "form_origin_unknown";
  return secFetchSite === "same-origin" ? null : "form_origin_foreign";
}
