import * as z from "zod/mini";
import { _isoDateTime } from "zod/v4/core";
import { SIGNATURE_ALGORITHMS } from "../protocol/jws.ts";
import { SCOPE_TOKEN } from "../protocol/scope.ts";

/* The terms that all parts of the configuration are written in. */

/** What a part of the configuration is called by another. */
export const NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/**
 * An origin or issuer URL as it stands in `iss` and `aud`: compared as a string, so it is refused unless it is exact. Whatever is checked beyond
 * that (`new URL(text)`) is checked of URLs alone.
 */
export const httpUrl = z
  .string()
  .check(
    z.regex(/^https?:\/\/[^\s#]+$/i, { error: "must be an http(s) URL without fragment or white space", abort: true }),
    z.refine(hasNoCredentials, { error: "must be a URL without credentials", abort: true }),
  );

export const issuerUrl = httpUrl.check(
  z.refine((text) => !text.endsWith("/") && !text.includes("?"), {
    error: "must not end in a slash nor carry a query (RFC 8414 §2)",
  }),
);

/** An issuer as it stands in `iss`, character by character: some providers' issuers end in a slash. */
export const issuerName = httpUrl.check(
  z.refine((text) => !text.includes("?"), {
    error: "must not carry a query (RFC 8414 §2)",
  }),
);

/** A time of RFC 3339, in UTC. Not by `z.iso`, which comes with dates, times and durations. */
export const instant = _isoDateTime(z.ZodMiniISODateTime, {});

export const scopeToken = z.string().check(z.regex(SCOPE_TOKEN, "is not a scope token (RFC 6749 §3.3)"));
export const algorithm = z.enum(SIGNATURE_ALGORITHMS);
export const seconds = z.int().check(z.minimum(1));

/** The name of a secret of the deployment. */
export const secretBinding = z
  .string()
  .check(z.regex(/^[A-Z][A-Z0-9_]{0,62}$/, "is not the name of a binding: capitals and underscores"));

function hasNoCredentials(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && url.username === "" && url.password === "";
}
