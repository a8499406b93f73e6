import { fromBase64url, fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { isJsonObject, parseStrictJson } from "../kernel/strict_json.ts";

/** Signature algorithms that exist here. There is no `none`, and no symmetric one. */
export const SIGNATURE_ALGORITHMS = ["ES256", "RS256", "PS256", "EdDSA"] as const;
export type SignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** A compact JWS taken apart; nothing in it is proven. */
export interface UnverifiedJws {
  readonly alg: string;
  readonly kid: string;
  readonly typ: string;
  /** Decodes the claims; undefined where they are not unambiguous JSON. */
  readonly claims: () => unknown;
}

export type JwsFault = "token_malformed" | "token_header_malformed" | "token_header_not_allowed" | "token_kid_missing";

const MAX_TOKEN_CHARACTERS = 16 * 1024;
const MAX_KID_CHARACTERS = 256;
/** Everything else a header may carry either chooses a key, changes the processing rules, or is not for us (RFC 8725 §3). */
const HEADER_MEMBERS: ReadonlySet<string> = new Set(["alg", "kid", "typ", "cty"]);

/** What an issuer's tokens may have beyond the strict form. */
export interface HeaderLenience {
  /** Members that are passed over (RFC 7515 §4). */
  readonly ignored: ReadonlySet<string>;
  /** Whether `kid` may be absent, and then reads as "": where there is one key. */
  readonly isKidOptional: boolean;
}

export const STRICT_HEADER: HeaderLenience = { ignored: new Set(), isKidOptional: false };

/**
 * Takes a compact JWS apart strictly (RFC 7515 §7.1, RFC 8725 §3): three canonical base64url parts, a header of
 * unambiguous JSON with known members only. `jwk`, `jku`, `x5u`, `x5c`, `crit`, `b64`, `zip` are refused by not being known.
 */
export function parseCompactJws(token: string, lenience = STRICT_HEADER): Result<UnverifiedJws, JwsFault> {
  if (token.length > MAX_TOKEN_CHARACTERS) return err("token_malformed");
  const parts = token.split(".");
  const [encodedHeader, encodedClaims, encodedSignature] = parts;
  if (parts.length !== 3 || !encodedHeader || !encodedClaims || !encodedSignature) return err("token_malformed");
  const header = fromBase64url(encodedHeader);
  const claims = fromBase64url(encodedClaims);
  if (header === null || claims === null || fromBase64url(encodedSignature) === null) return err("token_malformed");
  const parsed = parseJson(header);
  if (!isJsonObject(parsed)) return err("token_header_malformed");
  const isKnown = (member: string) => HEADER_MEMBERS.has(member) || lenience.ignored.has(member);
  if (!Object.keys(parsed).every(isKnown)) return err("token_header_not_allowed");
  const { alg, typ } = parsed;
  const kid = parsed.kid ?? (lenience.isKidOptional ? "" : null);
  if (typeof alg !== "string" || (typ !== undefined && typeof typ !== "string")) return err("token_header_malformed");
  const isEmpty = kid === "" && !lenience.isKidOptional;
  if (typeof kid !== "string" || isEmpty || kid.length > MAX_KID_CHARACTERS) return err("token_kid_missing");
  return ok({ alg, kid, typ: typ ?? "", claims: () => parseJson(claims) });
}

function parseJson(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  return text === null ? undefined : parseStrictJson(text);
}

/** Whether `typ` names `mediaType` (RFC 7515 §4.1.9: case-insensitive, `application/` may be left out). */
export function isTokenType(typ: string, mediaType: string): boolean {
  const lower = typ.toLowerCase();
  return lower === mediaType || lower === `application/${mediaType}`;
}
