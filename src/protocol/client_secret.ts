import type { Brand } from "../kernel/brand.ts";
import { sha256Base64url, toBase64url } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";

/** A client secret in the clear: shown once, kept nowhere. */
export type ClientSecret = Brand<string, "ClientSecret">;

/** A new secret: `spcs_` and 256 random bits. So much entropy needs no slow hash: SHA-256 cannot be searched. */
export function newClientSecret(random: RandomBytes): ClientSecret {
  return `spcs_${toBase64url(random(32))}` as ClientSecret;
}

/** The digest under which a secret is stored. */
export function hashClientSecret(secret: string): Promise<string> {
  return sha256Base64url(secret);
}
