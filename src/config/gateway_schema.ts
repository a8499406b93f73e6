import * as z from "zod";
import { algorithm, httpUrl, issuerUrl } from "./terms.ts";

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

/** The gateway: where it answers, and whose tokens open its routes. */
export const gateway = z.strictObject({
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
