import * as z from "zod";
import { parseJsonPointer } from "../kernel/json_pointer.ts";
import { TOKEN_SHAPES } from "../protocol/token_shape.ts";
import { algorithm, httpUrl, issuerName, secretBinding } from "./terms.ts";

/* Another issuer whose tokens open routes, and how far it is trusted. */

const pointer = z
  .string()
  .max(256)
  .refine((text) => parseJsonPointer(text) !== null, { error: "is not a JSON pointer of at most 8 steps (RFC 6901)" });
const pointers = z.union([pointer, z.array(pointer).min(1).max(8)]);

const claimValue = z.union([z.string().max(256), z.number(), z.boolean()]);
/** A claim's name, or a pointer to one that lies deeper. */
const claimName = z
  .string()
  .min(1)
  .max(256)
  .refine((text) => !text.startsWith("/") || parseJsonPointer(text) !== null, { error: "is not a JSON pointer" });

const DAY_SECONDS = 24 * 60 * 60;
/** How long published keys are used, and how often they are asked for. */
const keyTimes = {
  /** Older than this they are fetched anew, behind a request. */
  refreshSeconds: z.int().min(30).max(DAY_SECONDS).default(300),
  /** Older than this they prove nothing: how long the issuer may be out. */
  maxStaleSeconds: z.int().min(60).max(DAY_SECONDS).default(3_600),
  /** The pause between fetches for key ids that nobody knows, per isolate. */
  cooldownSeconds: z.int().min(1).max(300).default(10),
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
    jwksHosts: z
      .array(z.string().regex(/^[a-z0-9.-]+(?::\d{1,5})?$|^\[[0-9a-f:.]+\](?::\d{1,5})?$/))
      .max(8)
      .default([]),
    ...keyTimes,
  }),
  /** HS256 with a secret that issuer and gate share, and nothing else. Two while it is replaced: either proves. */
  z.strictObject({ secretBinding: z.union([secretBinding, z.array(secretBinding).length(2)]) }),
]);

/** Asking an issuer about its opaque tokens (RFC 7662). */
const introspection = z.strictObject({
  url: httpUrl,
  clientId: z.string().min(1).max(256),
  /** The client's secret. */
  secretBinding,
  authMethod: z.enum(["client_secret_basic", "client_secret_post"]).default("client_secret_basic"),
  /** How this issuer's opaque tokens begin: tells whom to ask where several are asked. */
  tokenPrefix: z
    .string()
    .max(32)
    .regex(/^[A-Za-z0-9._~+/-]*$/)
    .default(""),
  /** For how long an answer is believed: how late a revocation may be noticed. Never past the token's end. */
  cacheSeconds: z.int().min(1).max(300).default(30),
  deadlineMs: z.int().min(100).max(5_000).default(1_500),
});

export const trustedIssuer = z.strictObject({
  issuer: issuerName,
  /** What its JWTs are signed with; absent where it has opaque tokens alone. */
  keys: keys.optional(),
  introspection: introspection.optional(),
  /** What its access tokens look like. All but `at+jwt` are looser, and are taken only where they are named here. */
  shape: z.enum(TOKEN_SHAPES).default("at+jwt"),
  /** Of published keys, never of a secret; ES256 alone when absent. */
  algorithms: z.array(algorithm).min(1).optional(),
  /** Ids of published keys that prove nothing any more, whatever the issuer publishes: to be said before it says so itself. */
  withdrawnKeys: z.array(z.string().min(1).max(256)).min(1).max(64).optional(),
  /** What `aud` must contain one of; the gateway's resource when absent. */
  audience: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(16)]).optional(),
  /** How far ahead `iat` and `nbf` may lie. Never added to `exp`. */
  clockSkewSeconds: z.int().min(0).max(60).default(5),
  /** Claims that must be there, with exactly this value or one of these. */
  requiredClaims: z.record(claimName, z.union([claimValue, z.array(claimValue).min(1).max(64)])).default({}),
  /** Where subject, client, scopes and roles stand when not where the shape has them: JSON pointers into the claims. */
  claims: z
    .strictObject({
      subject: pointer.optional(),
      clientId: pointer.optional(),
      scopes: pointers.optional(),
      roles: pointers.optional(),
      /** An object of lists of roles by tenant. */
      tenantRoles: pointer.optional(),
      /** By the names that `policy.principal` declares. */
      attributes: z.record(z.string(), pointer).optional(),
    })
    .default({}),
});
