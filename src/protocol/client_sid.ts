import type { Brand } from "../kernel/brand.ts";
import { toBase64url, utf8 } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { ClientId } from "./ids.ts";

/**
 * What the `sid`s of a browser session are made of: 256 random bits as base64url, kept in the account and told to nobody. A session that
 * takes the place of another one of the same user in the same browser has the same root.
 */
export type SessionRoot = Brand<string, "SessionRoot">;

const ROOT_BYTES = 32;

/** A new root, for a session that takes the place of none. */
export function newSessionRoot(random: RandomBytes): SessionRoot {
  return toBase64url(random(ROOT_BYTES)) as SessionRoot;
}

/**
 * The `sid` under which `client` knows the session of `root` (OpenID Connect Back-Channel Logout §2.1): 43 characters, another
 * one for each client, so that two of them do not learn from it that they serve the same browser. It hangs on no key that is
 * ever rotated, and stays as it is when the user proves anew who they are.
 */
export async function clientSid(client: ClientId, root: SessionRoot): Promise<string> {
  const key = await crypto.subtle.importKey("raw", utf8(root), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return toBase64url(new Uint8Array(await crypto.subtle.sign("HMAC", key, utf8(`sid:${client}`))));
}
