import * as z from "zod";
import { SIGNATURE_ALGORITHMS } from "../protocol/jws.ts";
import { SCOPE_TOKEN } from "../protocol/scope.ts";

/**
 * The configuration as plain JSON. This one schema gives the types, the JSON Schema and the validator used at build and
 * load. Unknown members are errors everywhere; every duration carries its unit in its name.
 */
const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** An origin or issuer URL as it stands in `iss` and `aud`: compared as a string, so it is refused unless it is exact. */
const httpUrl = z.url({ protocol: /^https?$/ }).refine((text) => !/[#\s]/.test(text) && new URL(text).username === "", {
  error: "must be an http(s) URL without fragment or credentials",
});

const issuerUrl = httpUrl.refine((text) => !text.endsWith("/") && !text.includes("?"), {
  error: "must not end in a slash nor carry a query (RFC 8414 §2)",
});

const scopeToken = z.string().regex(SCOPE_TOKEN, "is not a scope token (RFC 6749 §3.3)");
const algorithm = z.enum(SIGNATURE_ALGORITHMS);
const seconds = z.int().min(1);

const api = z.strictObject({
  /** The API's identifier: the `aud` of its tokens and what clients send as `resource` (RFC 8707). */
  resource: httpUrl,
  /** What tokens for it may allow, each with a sentence for people. */
  scopes: z.record(scopeToken, z.string().min(1)),
  /** What signs its access tokens. */
  algorithm: algorithm.default("ES256"),
  accessTokenTtlSeconds: seconds.max(86_400).default(900),
  /** The clients that its servers are: they may introspect the tokens that it takes (RFC 7662). */
  introspectionClients: z.array(z.string().regex(/^cli_[0-9A-Za-z]{22}$/, "is not a client's id")).default([]),
});

const signingKeys = z.strictObject({
  /** How long one key signs before the schedule replaces it. */
  rotateAfterSeconds: seconds.default(30 * 86_400),
  /** How long a key is published before it signs; verifiers may cache the key set almost this long. */
  publishLeadSeconds: seconds.default(300),
});

/** What codes and refresh tokens do. Every life time is a setting, so that its end can be tried out. */
const grants = z.strictObject({
  codeSeconds: seconds.max(600).default(60),
  refreshIdleSeconds: seconds.default(14 * 86_400),
  refreshAbsoluteSeconds: seconds.default(30 * 86_400),
  /** How long a second redemption of a code by the same client with the right verifier counts as a double submit. */
  codeRetrySeconds: z.int().min(0).max(30).default(5),
  /** How long a refresh token that was just spent gives the same successor again. */
  refreshRetrySeconds: z.int().min(0).max(60).default(10),
  /** What ends when a spent refresh token returns: everything of the user, or the grant alone. */
  onReuse: z.enum(["user", "grant"]).default("user"),
  deviceCodeSeconds: seconds.max(3_600).default(600),
  devicePollSeconds: seconds.max(60).default(5),
});

const sessions = z.strictObject({
  idleSeconds: seconds.default(12 * 3_600),
  absoluteSeconds: seconds.default(7 * 86_400),
  /** How long a person may take from the first page to the last. */
  transactionSeconds: seconds.max(3_600).default(1_800),
});

const passwords = z.strictObject({
  /** In code points: 15 where the password stands alone (NIST SP 800-63B-4 §3.1.1.2). */
  minLength: z.int().min(8).max(64).default(15),
  /** Argon2id (RFC 9106): memory in KiB, passes. */
  memoryKiB: z.int().min(19_456).max(65_536).default(19_456),
  passes: z.int().min(1).max(10).default(2),
  /** Words that no password here may be made of, beside the names that it is checked against anyway. */
  blockedWords: z.array(z.string().min(3)).default([]),
  linkSeconds: seconds.max(86_400).default(900),
});

const lockout = z.strictObject({
  attemptsPerAddressPerMinute: z.int().min(1).default(5),
  /** Failures in a row of one name after which it is locked, and for how long; the last step repeats. */
  steps: z
    .array(z.strictObject({ failures: z.int().min(1).max(100), lockSeconds: seconds }))
    .min(1)
    .default([
      { failures: 10, lockSeconds: 900 },
      { failures: 10, lockSeconds: 3_600 },
    ]),
  registrationsPerAddressPerHour: z.int().min(1).default(20),
  mailsPerRecipientPerHour: z.int().min(1).default(5),
  mailsPerAddressPerHour: z.int().min(1).default(30),
  userCodeGuessesPerMinute: z.int().min(1).default(10),
});

const branding = z.strictObject({
  name: z.string().min(1).max(60).default("Sallyport"),
  /** A colour that white text stands out from (WCAG AA), as `#rrggbb`. */
  accent: z
    .string()
    .regex(/^#[0-9a-f]{6}$/)
    .default("#1f4fd8"),
  /** An inline image: pages load nothing from elsewhere. */
  logo: z
    .string()
    .regex(/^data:image\/(?:svg\+xml|png|webp);base64,[A-Za-z0-9+/]+=*$/)
    .max(64 * 1024)
    .optional(),
});

const issuer = z.strictObject({
  url: issuerUrl,
  /** Further names under which the issuer answers, as `host` or `host:port`. */
  hosts: z.array(z.string()).default([]),
  /** The first one is what a token is for when no `resource` is asked for. */
  apis: z.array(api).min(1),
  /** What signs tokens for the issuer's own endpoints alone. */
  algorithm: algorithm.default("ES256"),
  accessTokenTtlSeconds: seconds.max(86_400).default(900),
  /** How long an ID token may be taken for a fresh one: it proves a sign-in, and is no session. */
  idTokenTtlSeconds: seconds.max(86_400).default(900),
  signingKeys: signingKeys.prefault({}),
  grants: grants.prefault({}),
  sessions: sessions.prefault({}),
  passwords: passwords.prefault({}),
  lockout: lockout.prefault({}),
  branding: branding.prefault({}),
});

const trustedIssuer = z.strictObject({
  issuer: issuerUrl,
  /** `ring`: this installation's own issuer, whose keys and revocations come without HTTP. */
  keys: z.union([z.literal("ring"), z.strictObject({ jwksUrl: httpUrl })]),
  algorithms: z.array(algorithm).min(1).default(["ES256"]),
  /** What `aud` must contain; the gateway's resource when absent. */
  audience: z.string().min(1).optional(),
  /** How far ahead `iat` and `nbf` may lie. Never added to `exp`. */
  clockSkewSeconds: z.int().min(0).max(60).default(5),
});

const limitKey = z.enum(["principal", "address", "route"]);
const onUnavailable = z.enum(["allow", "deny", "local"]);
const limit = z.discriminatedUnion("algorithm", [
  z.strictObject({
    algorithm: z.literal("fixed"),
    limit: z.int().min(1).max(1_000_000_000),
    windowSeconds: seconds.max(31 * 86_400),
    key: limitKey.default("principal"),
    onUnavailable: onUnavailable.default("deny"),
  }),
  z.strictObject({
    algorithm: z.literal("bucket"),
    // Counted in whole units of a token and a millisecond's refill: the bounds keep that product exact.
    burst: z.int().min(1).max(1_000_000),
    refill: z.int().min(1).max(1_000_000),
    intervalSeconds: seconds.max(86_400),
    key: limitKey.default("principal"),
    onUnavailable: onUnavailable.default("deny"),
  }),
]);

const origin = z.strictObject({
  /** Scheme and authority, no path: the canonical path is appended. */
  url: httpUrl.refine((text) => new URL(text).pathname === "/" && !text.includes("?"), { error: "must have no path" }),
  /** The `aud` of the identity that the origin receives. */
  audience: z.string().min(1),
  /** How long the origin may take until its response begins. */
  timeoutMs: z.int().min(1).max(300_000).default(10_000),
});

/** What opens a route. Publishable keys ship in browsers, so a route has to ask for them. */
export const CREDENTIALS = ["bearer", "secret_key", "publishable_key"] as const;

const staleness = z.union([z.literal("deny"), z.strictObject({ allowForSeconds: seconds.max(3_600) })]);

const deprecation = z.strictObject({
  /** When the route became deprecated (RFC 9745). */
  since: z.iso.datetime(),
  /** When it answers 410 (RFC 8594). */
  sunset: z.iso.datetime(),
  /** Path or URL of what replaces it, as a `Link` can carry it (RFC 8288). */
  successor: z.string().regex(/^[\x21-\x3b\x3d\x3f-\x7e]+$/, "must be a URI reference"),
});

const route = z.strictObject({
  /** Names the route in logs and limits; `METHODS path` when absent. */
  id: z.string().min(1).max(100).optional(),
  path: z.string(),
  methods: z.array(z.enum(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])).min(1),
  origin: z.string(),
  /** Open to anyone, without a look at credentials. A route is closed unless it says so. */
  public: z.boolean().default(false),
  credentials: z.array(z.enum(CREDENTIALS)).min(1).default(["bearer", "secret_key"]),
  /** All of these. */
  scopes: z.array(scopeToken).default([]),
  /** At least one of these. */
  roles: z.array(z.string().min(1)).default([]),
  /** Names of limits, all of which must grant. */
  limits: z.array(z.string()).default([]),
  /** What happens while revocations cannot be learnt: fail closed, or go on for a stated time. */
  onStale: staleness.default("deny"),
  maxBodyBytes: z
    .int()
    .min(0)
    .max(100 * 1024 * 1024)
    .default(1024 * 1024),
  deprecation: deprecation.optional(),
});

const gateway = z.strictObject({
  url: issuerUrl,
  hosts: z.array(z.string()).default([]),
  /** The API's identifier (RFC 9728 `resource`), which tokens must carry in `aud`. */
  resource: httpUrl,
  trustedIssuers: z.array(trustedIssuer).min(1),
  maxHeaderBytes: z
    .int()
    .min(1024)
    .max(128 * 1024)
    .default(32 * 1024),
  /** Verifications of unknown credentials per address and isolate that may fail, refilled each minute. */
  failedAuthenticationsPerMinute: z.int().min(1).default(600),
});

export const configSchema = z.strictObject({
  version: z.literal(1),
  issuer,
  gateway,
  origins: z.record(z.string().regex(NAME), origin),
  limits: z.record(z.string().regex(NAME), limit).default({}),
  routes: z.array(route).min(1),
});

/** What an author writes. */
export type ConfigInput = z.input<typeof configSchema>;
/** What the rest of the system reads: every default filled in. */
export type Config = z.output<typeof configSchema>;
export type RouteConfig = Config["routes"][number];
export type LimitConfig = Config["limits"][string];
export type OriginConfig = Config["origins"][string];
export type TrustedIssuerConfig = Config["gateway"]["trustedIssuers"][number];
export type PasswordConfig = Config["issuer"]["passwords"];
export type LockoutConfig = Config["issuer"]["lockout"];
export type SessionConfig = Config["issuer"]["sessions"];
export type GrantConfig = Config["issuer"]["grants"];
export type BrandingConfig = Config["issuer"]["branding"];
export type ApiConfig = Config["issuer"]["apis"][number];
export type Credential = (typeof CREDENTIALS)[number];
