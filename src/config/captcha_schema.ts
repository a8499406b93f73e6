import * as z from "zod";
import { httpUrl, secretBinding } from "./terms.ts";

/* Challenges that people solve and programs do not. */

export const TURNSTILE_SCRIPT = "https://challenges.cloudflare.com/turnstile/v0/api.js";

/** The service, for the whole installation. */
export const captcha = z.strictObject({
  provider: z.literal("turnstile").default("turnstile"),
  /** Public: browsers show it to the service. */
  siteKey: z.string().regex(/^[\w-]{1,100}$/, "is no site key"),
  secretBinding,
  /** The names of the sites on which a challenge of a route may be solved, as browsers show them. */
  hostnames: z
    .array(z.string().regex(/^[a-z0-9.-]{1,253}$/, "is no host name in lower case"))
    .max(64)
    .default([]),
  /** Whether the service is told the caller's address. */
  sendAddress: z.boolean().default(false),
  deadlineMs: z.int().min(100).max(10_000).default(3_000),
  /** Where pages of the issuer load the widget from; another place than Turnstile's only in development. */
  scriptUrl: httpUrl.default(TURNSTILE_SCRIPT),
  verifyUrl: httpUrl.default("https://challenges.cloudflare.com/turnstile/v0/siteverify"),
});

/** What the service calls a use of it. Those that begin with `sallyport_` are the issuer's. */
const action = z.string().regex(/^(?!sallyport_)[a-z0-9_-]{1,32}$/, "is no action: up to 32 of a-z, 0-9, `_` and `-`");

/** What a route asks. */
export const routeCaptcha = z.strictObject({
  /** `challenged`: only where a list or a signal asks for it. */
  when: z.enum(["always", "challenged"]).default("always"),
  action: action.default("gateway"),
  /** How long a proof counts for the principal and address that showed it; 0 for the one call. */
  rememberSeconds: z.int().min(0).max(86_400).default(0),
  /** What happens while the service cannot be asked. */
  onUnavailable: z.enum(["allow", "deny"]).default("deny"),
});

const onceOrNever = z.enum(["always", "never"]);

/** What the issuer asks of people before it looks at what they enter, on its pages and at `/auth/*`. */
export const issuerCaptcha = z.strictObject({
  /** From so many failures on of the name or the address, always, or never. */
  login: z
    .union([onceOrNever, z.strictObject({ afterFailures: z.int().min(1).max(100) })])
    .default({ afterFailures: 3 }),
  register: onceOrNever.default("always"),
  forgot: onceOrNever.default("always"),
  /** What happens while the service cannot be asked. */
  onUnavailable: z.enum(["allow", "deny"]).default("deny"),
});
