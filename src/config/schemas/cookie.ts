import * as z from "zod/mini";

/** RFC 6265 §4.1.1, less what old servers take for attributes. */
const NAME = /^[!#%&'*+.^_`|~0-9A-Za-z-][!#$%&'*+.^_`|~0-9A-Za-z-]{0,127}$/;
/** Sallyport's own, in any case and under any prefix: some servers fold names. */
const OWN = /^(?:__(?:host|secure)-)?sallyport/i;

const cookieName = z.string().check(
  z.regex(NAME, "is not the name of a cookie (RFC 6265)"),
  z.refine((name) => !OWN.test(name), { error: "is a cookie of Sallyport's own, which ends at the gate" }),
);

/** The cookies that pass between callers and a route's origin, by their exact names. */
export const cookieNames = z.array(cookieName).check(z.maxLength(50));
