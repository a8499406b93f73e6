import * as z from "zod/mini";
import { httpUrl, secretBinding } from "../terms.ts";

/* Challenges that people solve and programs do not. */

export const TURNSTILE_SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js";

/** The service, for the whole installation. */
export const captcha = z.strictObject({
  provider: z._default(z.literal("turnstile"), "turnstile"),
  /** Public: browsers show it to the service. */
  siteKey: z.string().check(z.regex(/^[\w-]{1,100}$/, "is no site key")),
  secretBinding,
  /** The names of the sites on which a challenge of a route may be solved, as browsers show them. */
  hostnames: z._default(
    z.array(z.string().check(z.regex(/^[a-z0-9.-]{1,253}$/, "is no host name in lower case"))).check(z.maxLength(64)),
    [],
  ),
  /** Whether the service is told the caller's address. */
  sendAddress: z._default(z.boolean(), false),
  deadlineMs: z._default(z.int().check(z.minimum(100), z.maximum(10_000)), 3_000),
  /** Where pages of the issuer load the widget from; another place than Turnstile's only in development. */
  scriptUrl: z._default(httpUrl, TURNSTILE_SCRIPT),
  verifyUrl: z._default(httpUrl, "https://challenges.cloudflare.com/turnstile/v0/siteverify"),
});

/** What the service calls a use of it. Those that begin with `sallyport_` are the issuer's. */
const action = z
  .string()
  .check(z.regex(/^(?!sallyport_)[a-z0-9_-]{1,32}$/, "is no action: up to 32 of a-z, 0-9, `_` and `-`"));

/** What a route asks. */
export const routeCaptcha = z.strictObject({
  /** `challenged`: only where a list or a signal asks for it. */
  when: z._default(z.enum(["always", "challenged"]), "always"),
  action: z._default(action, "gateway"),
  /** How long a proof counts for the principal and address that showed it; 0 for the one call. */
  rememberSeconds: z._default(z.int().check(z.minimum(0), z.maximum(86_400)), 0),
  /** What happens while the service cannot be asked. */
  onUnavailable: z._default(z.enum(["allow", "deny"]), "deny"),
});

const onceOrNever = z.enum(["always", "never"]);

/** What the issuer asks of people before it looks at what they enter, on its pages and at `/auth/*`. */
export const issuerCaptcha = z.strictObject({
  /** From so many failures on of the name or the address, always, or never. */
  login: z._default(
    z.union([onceOrNever, z.strictObject({ afterFailures: z.int().check(z.minimum(1), z.maximum(100)) })]),
    { afterFailures: 3 },
  ),
  register: z._default(onceOrNever, "always"),
  forgot: z._default(onceOrNever, "always"),
  /** What happens while the service cannot be asked. */
  onUnavailable: z._default(z.enum(["allow", "deny"]), "deny"),
});
