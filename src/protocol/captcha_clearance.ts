import { fromBase64url, toBase64url, utf8 } from "../kernel/bytes.ts";

/** What stands for a proof where the service cannot be reached, so that none could be had: it is judged like any other. */
export const NO_PROOF_TO_BE_HAD = "unavailable";

/**
 * A clearance: the gate's word that somebody solved a challenge, at a time and for an action, so that they need not for each call.
 * `<milliseconds in base 36>.<HMAC-SHA256>`; whose it is stands in the HMAC alone, so that it is worth nothing in other hands.
 */
export interface ClearanceOf {
  readonly action: string;
  /** Who: one name per principal. */
  readonly subject: string;
  /** From where: the address unit. */
  readonly address: string;
}

/** A clock that is behind the one that gave the clearance. */
const CLOCK_SKEW_MS = 5_000;

/** The key of clearances, which comes from the CAPTCHA's own `secret` (RFC 5869): a new secret ends them all. */
export async function clearanceKey(secret: string): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", utf8(secret), "HKDF", false, ["deriveKey"]);
  const derivation = {
    name: "HKDF",
    hash: "SHA-256",
    salt: new Uint8Array(),
    info: utf8("sallyport captcha clearance"),
  };
  const use = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(derivation, material, use, false, ["sign", "verify"]);
}

/** A clearance for `of` from `nowMs` on. */
export async function sealClearance(of: ClearanceOf, key: CryptoKey, nowMs: number): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", key, sealed(of, nowMs));
  return `${nowMs.toString(36)}.${toBase64url(new Uint8Array(mac))}`;
}

/** When `text` was given as a clearance for `of`, in Unix milliseconds; null where it is none, or is from the future. */
export async function clearanceTime(
  text: string,
  of: ClearanceOf,
  key: CryptoKey,
  nowMs: number,
): Promise<number | null> {
  const [, time = "", mac = ""] = /^([1-9a-z][0-9a-z]{0,10})\.([\w-]{43})$/.exec(text) ?? [];
  const bytes = fromBase64url(mac);
  const atMs = Number.parseInt(time, 36);
  if (bytes?.length !== 32 || atMs > nowMs + CLOCK_SKEW_MS) return null;
  return (await crypto.subtle.verify("HMAC", key, bytes, sealed(of, atMs))) ? atMs : null;
}

function sealed({ action, subject, address }: ClearanceOf, atMs: number): Uint8Array<ArrayBuffer> {
  return utf8(JSON.stringify([1, action, subject, address, atMs]));
}
