import * as z from "zod/mini";
import { schemaText } from "./schema_texts.ts";
import { captcha } from "./schemas/captcha.ts";
import { gateway } from "./schemas/gateway.ts";
import { issuer } from "./schemas/issuer.ts";
import { limit } from "./schemas/limit.ts";
import { list } from "./schemas/list.ts";
import { openapiDocument } from "./schemas/openapi.ts";
import { origin } from "./schemas/origin.ts";
import { policy } from "./schemas/policy.ts";
import { type CREDENTIALS, route } from "./schemas/route.ts";
import { signals } from "./schemas/signal.ts";
import { NAME } from "./terms.ts";

// The small face of zod has no words for faults until it is given some.
z.config({ localeError: schemaText });

/**
 * The configuration as plain JSON. This one schema gives the types, the JSON Schema and the validator used at build and
 * load. Unknown members are errors everywhere; every duration carries its unit in its name.
 */
export const configSchema = z.strictObject({
  version: z.literal(1),
  issuer,
  gateway,
  origins: z.record(z.string().check(z.regex(NAME)), origin),
  limits: z._default(z.record(z.string().check(z.regex(NAME)), limit), {}),
  lists: z._default(z.record(z.string().check(z.regex(NAME)), list), {}),
  /** The service that tells people from programs. */
  captcha: z.optional(captcha),
  /** What is out of the ordinary for a principal. */
  signals: z.optional(signals),
  /** OpenAPI 3.1 documents that routes are held to, by name. */
  openapi: z._default(z.record(z.string().check(z.regex(NAME)), openapiDocument), {}),
  /** What decides on actions, beyond what routes demand. */
  policy: z.optional(policy),
  routes: z.array(route).check(z.minLength(1)),
});

/** What an author writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** What the rest of the system reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
export type RouteConfig = Config["routes"][number];
export type LimitConfig = Config["limits"][string];
export type ListConfig = Config["lists"][string];
export type OriginConfig = Config["origins"][string];
export type TrustedIssuerConfig = Config["gateway"]["trustedIssuers"][number];
export type PinSetConfig = Config["gateway"]["pins"][string];
export type PasswordConfig = Config["issuer"]["passwords"];
export type LockoutConfig = Config["issuer"]["lockout"];
export type SessionConfig = Config["issuer"]["sessions"];
export type GrantConfig = Config["issuer"]["grants"];
export type CorsConfig = Exclude<Config["gateway"]["cors"], string>;
export type BrandingConfig = Config["issuer"]["branding"];
export type ApiConfig = Config["issuer"]["apis"][number];
export type Credential = (typeof CREDENTIALS)[number];
