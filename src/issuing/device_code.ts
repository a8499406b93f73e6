import { equalDigests, fromBase64url, toBase64url } from "../kernel/bytes.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import { formatOpaqueToken, parseOpaqueToken } from "../protocol/opaque_token.ts";
import type { UserCode } from "../protocol/user_code.ts";

/**
 * A `device_code` is `spd_<locator>.<secret>`. The locator is the name of the device authorization's object and half of a keyed
 * digest of that name. It is proven and not encrypted, for there is nothing in it to hide: the name is a keyed digest of
 * the user code, which its client has anyway, and exists before anybody knows of which user. What the digest keeps away
 * is a caller who makes names up: no storage is asked about a code that was not made here.
 *
 * All of it goes by the current grant key. Rotating the key ends the device authorizations that wait, minutes old at most.
 */
const NAME_PURPOSE = "user_code";
const PROOF_PURPOSE = "device_code";
const NAME_BYTES = 32;
const PROOF_BYTES = 16;

type Digests = Pick<GrantSecrets, "digest">;

/** Where a device code leads. Nothing says yet that its secret is the right one. */
export interface OpenedDeviceCode {
  readonly name: string;
  readonly secret: string;
}

/** The name of the object behind a user code. */
export function deviceName(code: UserCode, secrets: Digests): Promise<string> {
  return secrets.digest(NAME_PURPOSE, code);
}

/** The device code that leads to the object called `name`. */
export async function newDeviceCode(name: string, secret: string, secrets: Digests): Promise<string> {
  const bytes = new Uint8Array(NAME_BYTES + PROOF_BYTES);
  bytes.set(named(name), 0);
  bytes.set(named(await secrets.digest(PROOF_PURPOSE, name)).subarray(0, PROOF_BYTES), NAME_BYTES);
  return formatOpaqueToken("spd_", toBase64url(bytes), secret);
}

/** What `newDeviceCode` made taken apart, or null for anything else. */
export async function openDeviceCode(text: string, secrets: Digests): Promise<OpenedDeviceCode | null> {
  const token = parseOpaqueToken("spd_", text);
  const bytes = token === null ? null : fromBase64url(token.sealed);
  if (token === null || bytes?.length !== NAME_BYTES + PROOF_BYTES) return null;
  const name = toBase64url(bytes.subarray(0, NAME_BYTES));
  return equalDigests(text, await newDeviceCode(name, token.secret, secrets)) ? { name, secret: token.secret } : null;
}

function named(digest: string): Uint8Array {
  const bytes = fromBase64url(digest);
  if (bytes?.length !== NAME_BYTES) throw new Error("a digest of another length");
  return bytes;
}
