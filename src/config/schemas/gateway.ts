import * as z from "zod/mini";
import { httpUrl, issuerUrl, NAME } from "../terms.ts";
import { gatewayAudit } from "./audit.ts";
import { authzen } from "./authzen.ts";
import { routeCaptcha } from "./captcha.ts";
import { cors } from "./cors.ts";
import { forwardAuth, undeclaredBodies, unseenBodies } from "./forward_auth.ts";
import { listNames } from "./list.ts";
import { pinSet } from "./pin.ts";
import { securityHeaders } from "./security_headers.ts";
import { gatewaySession } from "./session.ts";
import { gatewayShadow } from "./shadow.ts";
import { gatewayTransport } from "./transport.ts";
import { trustedIssuer } from "./trusted_issuer.ts";

const originUrl = httpUrl.check(
  z.refine((text) => new URL(text).origin === text, {
    error: "must be an origin: scheme, host and port alone, as a URL spells them",
  }),
);

/** The gateway: where it answers, and whose tokens open its routes. */
export const gateway = z.strictObject({
  url: issuerUrl,
  hosts: z._default(z.array(z.string()), []),
  /** The API's identifier (RFC 9728 `resource`), which tokens must carry in `aud`. */
  resource: httpUrl,
  trustedIssuers: z.array(trustedIssuer).check(z.minLength(1)),
  /** Origins (scheme, host, port) that may be called although they are not `https` on a public address. */
  outboundOrigins: z._default(z.array(originUrl).check(z.maxLength(32)), []),
  /** What the issuer's browser session may do on routes that take it. */
  session: z.optional(gatewaySession),
  forwardAuth: z.optional(forwardAuth),
  /** The API by which others ask what somebody may do; none answers where it is absent. */
  authzen: z.optional(authzen),
  undeclaredBodies,
  unseenBodies,
  transport: z._default(gatewayTransport, gatewayTransport.parse({})),
  /** Certificates that callers are held to, by the name of each set. */
  pins: z._default(z.record(z.string().check(z.regex(NAME)), pinSet), {}),
  maxHeaderBytes: z._default(z.int().check(z.minimum(1024), z.maximum(128 * 1024)), 32 * 1024),
  /** Verifications of unknown credentials per address and isolate that may fail, refilled each minute. */
  failedAuthenticationsPerMinute: z._default(z.int().check(z.minimum(1)), 600),
  /** The lists of networks that routes without `lists` of their own hold their calls against. */
  lists: z._default(listNames, []),
  /** What routes that say nothing of it ask of people. */
  captcha: z.optional(routeCaptcha),
  /** Whether closed routes that do not say look for signals. */
  signals: z._default(z.boolean(), false),
  /** How much of the traffic is decided twice while something is in shadow. */
  shadow: z.prefault(gatewayShadow, {}),
  /** What responses say of their limits: the fields of draft-ietf-httpapi-ratelimit-headers-10, the older three, both or none. */
  rateLimitFields: z._default(z.enum(["both", "draft", "older", "none"]), "both"),
  audit: z.prefault(gatewayAudit, {}),
  /** Whose pages may call routes that do not say so themselves. */
  cors: z._default(z.union([z.literal("none"), cors]), "none"),
  securityHeaders: z.prefault(securityHeaders, {}),
});
