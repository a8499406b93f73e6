import { fromBase64url } from "../kernel/bytes.ts";

/** What an opaque token is, for scanners and people: a code, a refresh token, a session's cookie, a device code. */
export type OpaquePrefix = "spc_" | "spr_" | "sps_" | "spd_";

/** An opaque token taken apart; nothing in it is proven. */
export interface OpaqueToken {
  /** The locator as `GrantSecrets.seal` gave it. */
  readonly sealed: string;
  /** base64url of 32 bytes. */
  readonly secret: string;
}

/** Whether `text` begins like a secret of this installation: an opaque token, or an API key. */
export function looksLikeOwnSecret(text: string): boolean {
  return /^(?:sp[a-z]|[sp]k)_/.test(text);
}

const MAX_SEALED_CHARACTERS = 512;
const SECRET_CHARACTERS = 43;

/** `<prefix><sealed locator>.<secret>`. */
export function formatOpaqueToken(prefix: OpaquePrefix, sealed: string, secret: string): string {
  return `${prefix}${sealed}.${secret}`;
}

/**
 * Takes an opaque token of the kind that `prefix` names apart, or null. Strict: one secret has one spelling, so that no
 * token returns in another one.
 */
export function parseOpaqueToken(prefix: OpaquePrefix, text: string): OpaqueToken | null {
  if (!text.startsWith(prefix) || text.length > MAX_SEALED_CHARACTERS) return null;
  const [sealed = "", secret = "", ...others] = text.slice(prefix.length).split(".");
  if (sealed === "" || others.length > 0 || secret.length !== SECRET_CHARACTERS) return null;
  return fromBase64url(sealed) === null || fromBase64url(secret) === null ? null : { sealed, secret };
}
