import * as z from "zod";
import { parseJsonPointer } from "../kernel/json_pointer.ts";
import { TOKEN_SHAPES } from "../protocol/token_shape.ts";
import { algorithm, httpUrl } from "./terms.ts";

/* Another issuer whose tokens open routes, and how far it is trusted. */

/** As it stands in `iss`, character by character: some providers' issuers end in a slash. */
const issuerName = httpUrl.refine((text) => !text.includes("?"), { error: "must not carry a query (RFC 8414 §2)" });

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

export const trustedIssuer = z.strictObject({
  issuer: issuerName,
  /** `ring`: this installation's own issuer, whose keys and revocations come without HTTP. */
  keys: z.union([z.literal("ring"), z.strictObject({ jwksUrl: httpUrl })]),
  /** What its access tokens look like. All but `at+jwt` are looser, and are taken only where they are named here. */
  shape: z.enum(TOKEN_SHAPES).default("at+jwt"),
  algorithms: z.array(algorithm).min(1).default(["ES256"]),
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
    })
    .default({}),
});
