import * as z from "zod/mini";
import { parseJsonPointer } from "../../kernel/json_pointer.ts";
import { TOKEN_SHAPES } from "../../protocol/token_shape.ts";
import { algorithm, httpUrl, issuerName, secretBinding } from "../terms.ts";

/* Another issuer whose tokens open routes, and how far it is trusted. */

const pointer = z.string().check(
  z.maxLength(256),
  z.refine((text) => parseJsonPointer(text) !== null, { error: "is not a JSON pointer of at most 8 steps (RFC 6901)" }),
);
const pointers = z.union([pointer, z.array(pointer).check(z.minLength(1), z.maxLength(8))]);

const claimValue = z.union([z.string().check(z.maxLength(256)), z.number(), z.boolean()]);
/** A claim's name, or a pointer to one that lies deeper. */
const claimName = z.string().check(
  z.minLength(1),
  z.maxLength(256),
  z.refine((text) => !text.startsWith("/") || parseJsonPointer(text) !== null, { error: "is not a JSON pointer" }),
);

const DAY_SECONDS = 24 * 60 * 60;
/** How long published keys are used, and how often they are asked for. */
const keyTimes = {
  /** Older than this they are fetched anew, behind a request. */
  refreshSeconds: z._default(z.int().check(z.minimum(30), z.maximum(DAY_SECONDS)), 300),
  /** Older than this they prove nothing: how long the issuer may be out. */
  maxStaleSeconds: z._default(z.int().check(z.minimum(60), z.maximum(DAY_SECONDS)), 3_600),
  /** The pause between fetches for key ids that nobody knows, per isolate. */
  cooldownSeconds: z._default(z.int().check(z.minimum(1), z.maximum(300)), 10),
};

/** Where an issuer's keys come from. */
const keys = z.union([
  /** This installation's own issuer, whose keys and revocations come without HTTP. */
  z.literal("ring"),
  z.strictObject({ jwksUrl: httpUrl, ...keyTimes }),
  z.strictObject({
    /** By its metadata: OpenID Connect's place for it, RFC 8414's, or a URL. */
    discovery: z.union([z.enum(["openid", "oauth"]), httpUrl]),
    /** Hosts that its `jwks_uri` may be on beside the issuer's own, with the port where it is not the scheme's. */
    jwksHosts: z._default(
      z
        .array(z.string().check(z.regex(/^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/)))
        .check(z.maxLength(8)),
      [],
    ),
    ...keyTimes,
  }),
  /** HS256 with a secret that issuer and gate share, and nothing else. Two while it is replaced: either proves. */
  z.strictObject({ secretBinding: z.union([secretBinding, z.array(secretBinding).check(z.length(2))]) }),
]);

/** Asking an issuer about its opaque tokens (RFC 7662). */
const introspection = z.strictObject({
  url: httpUrl,
  clientId: z.string().check(z.minLength(1), z.maxLength(256)),
  /** The client's secret. */
  secretBinding,
  authMethod: z._default(z.enum(["client_secret_basic", "client_secret_post"]), "client_secret_basic"),
  /** How this issuer's opaque tokens begin: tells whom to ask where several are asked. */
  tokenPrefix: z._default(z.string().check(z.maxLength(32), z.regex(/^[A-Za-z0-9._~+/-]*$/)), ""),
  /** For how long an answer is believed: how late a revocation may be noticed. Never past the token's end. */
  cacheSeconds: z._default(z.int().check(z.minimum(1), z.maximum(300)), 30),
  deadlineMs: z._default(z.int().check(z.minimum(100), z.maximum(5_000)), 1_500),
});

export const trustedIssuer = z.strictObject({
  issuer: issuerName,
  /** What its JWTs are signed with; absent where it has opaque tokens alone. */
  keys: z.optional(keys),
  introspection: z.optional(introspection),
  /** What its access tokens look like. All but `at+jwt` are looser, and are taken only where they are named here. */
  shape: z._default(z.enum(TOKEN_SHAPES), "at+jwt"),
  /** Of published keys, never of a secret; ES256 alone when absent. */
  algorithms: z.optional(z.array(algorithm).check(z.minLength(1))),
  /** Ids of published keys that prove nothing any more, whatever the issuer publishes: to be said before it says so itself. */
  withdrawnKeys: z.optional(
    z.array(z.string().check(z.minLength(1), z.maxLength(256))).check(z.minLength(1), z.maxLength(64)),
  ),
  /** What `aud` must contain one of; the gateway's resource when absent. */
  audience: z.optional(
    z.union([
      z.string().check(z.minLength(1)),
      z.array(z.string().check(z.minLength(1))).check(z.minLength(1), z.maxLength(16)),
    ]),
  ),
  /** How far ahead `iat` and `nbf` may lie. Never added to `exp`. */
  clockSkewSeconds: z._default(z.int().check(z.minimum(0), z.maximum(60)), 5),
  /** Claims that must be there, with exactly this value or one of these. */
  requiredClaims: z._default(
    z.record(claimName, z.union([claimValue, z.array(claimValue).check(z.minLength(1), z.maxLength(64))])),
    {},
  ),
  /** Where subject, client, scopes and roles stand when not where the shape has them: JSON pointers into the claims. */
  claims: z._default(
    z.strictObject({
      subject: z.optional(pointer),
      clientId: z.optional(pointer),
      scopes: z.optional(pointers),
      roles: z.optional(pointers),
      /** An object of lists of roles by tenant. */
      tenantRoles: z.optional(pointer),
      /** By the names that `policy.principal` declares. */
      attributes: z.optional(z.record(z.string(), pointer)),
    }),
    {},
  ),
});
