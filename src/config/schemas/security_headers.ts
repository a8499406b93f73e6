import * as z from "zod/mini";
import { contentSecurityPolicyFault } from "../../policy/content_security_policy.ts";
import { webOriginFault } from "../../policy/web_origin.ts";

/* What answers say to browsers for their own protection. Values that would take it away unseen are no values here. */

const YEAR_SECONDS = 31_536_000;

const policy = z.string().check(
  z.maxLength(2_000),
  z.superRefine((text, context) => {
    const fault = contentSecurityPolicyFault(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  }),
);

const ancestor = z.string().check(
  z.superRefine((text, context) => {
    const fault = text === "'self'" ? null : webOriginFault(text);
    if (fault !== null) context.addIssue({ code: "custom", message: fault });
  }),
);

const ancestors = z.array(ancestor).check(z.maxLength(20));
const referrerPolicy = z.enum(["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"]);
const resourcePolicy = z.enum(["same-origin", "same-site", "cross-origin"]);

const hsts = z
  .strictObject({
    maxAgeSeconds: z._default(z.int().check(z.minimum(300)), 2 * YEAR_SECONDS),
    includeSubDomains: z._default(z.boolean(), true),
    /** Asks browsers' makers to build the policy in. It is hard to take back. */
    preload: z._default(z.boolean(), false),
  })
  .check(
    z.refine(
      ({ maxAgeSeconds, includeSubDomains, preload }) =>
        !preload || (includeSubDomains && maxAgeSeconds >= YEAR_SECONDS),
      { error: "preload asks for includeSubDomains and at least a year", path: ["preload"] },
    ),
  );

/** The gateway's, for all its answers. */
export const securityHeaders = z.strictObject({
  /** Without `frame-ancestors`. An answer of an API runs nothing and loads nothing. */
  contentSecurityPolicy: z._default(policy, "default-src 'none'"),
  /** Who may frame answers: `'self'` and web origins. Nobody where it is empty. */
  frameAncestors: z._default(ancestors, []),
  referrerPolicy: z._default(referrerPolicy, "no-referrer"),
  /** Which pages may embed answers without CORS (Fetch §3.7); the origin's word where absent. */
  crossOriginResourcePolicy: z.optional(resourcePolicy),
  /** RFC 6797; `withdraw` tells browsers to forget it. Said over TLS alone. */
  hsts: z.prefault(z.union([z.literal("withdraw"), hsts]), {}),
});

/** A route's own, each in the place of the gateway's. */
export const routeSecurityHeaders = z
  .strictObject({
    contentSecurityPolicy: z.optional(policy),
    frameAncestors: z.optional(ancestors),
    referrerPolicy: z.optional(referrerPolicy),
    crossOriginResourcePolicy: z.optional(resourcePolicy),
  })
  .check(z.refine((headers) => Object.keys(headers).length > 0, { error: "says nothing" }));
