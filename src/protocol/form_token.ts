import { equalDigests, fromBase64url, toBase64url } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";

/**
 * Form tokens: what proves that a form was written for the browser that sends it. A token is a salt and the keyed digest
 * of that salt and of what the browser holds: a cookie of its own before sign-in, the session after. Owns the
 * text that is digested. Refuses to be made without the server's key, so that a planted cookie is of no use.
 */
export type FormBearer =
  | { readonly kind: "browser"; readonly browserId: string }
  | { readonly kind: "session"; readonly sessionId: string };

/** The purpose under which the server's key digests these texts, and no others. */
export const FORM_TOKEN_PURPOSE = "form_token";

/** A keyed digest: `GrantSecrets.digest` without its owner. base64url. */
export type KeyedDigest = (purpose: string, text: string) => Promise<string>;

const ID_BYTES = 32;
const SALT_BYTES = 16;
const SALT_LENGTH = 22;

/** A new random id for a browser's own cookie: 256 bits as base64url. */
export function newBrowserId(random: RandomBytes): string {
  return toBase64url(random(ID_BYTES));
}

/** `text` as the id of a browser, or null. */
export function parseBrowserId(text: string): string | null {
  return fromBase64url(text)?.length === ID_BYTES ? text : null;
}

/** A token for `bearer`. Another one each time: a page that is compressed does not give it away letter by letter. */
export async function newFormToken(bearer: FormBearer, digest: KeyedDigest, random: RandomBytes): Promise<string> {
  const salt = toBase64url(random(SALT_BYTES));
  return `${salt}.${await digest(FORM_TOKEN_PURPOSE, digestedText(salt, bearer))}`;
}

/** Whether `token` was made for `bearer`. */
export async function isFormTokenOf(token: string, bearer: FormBearer, digest: KeyedDigest): Promise<boolean> {
  const salt = token.slice(0, SALT_LENGTH);
  if (token[SALT_LENGTH] !== "." || fromBase64url(salt)?.length !== SALT_BYTES) return false;
  const expected = await digest(FORM_TOKEN_PURPOSE, digestedText(salt, bearer));
  return equalDigests(token.slice(SALT_LENGTH + 1), expected);
}

function digestedText(salt: string, bearer: FormBearer): string {
  return `${salt}.${bearer.kind}.${bearer.kind === "browser" ? bearer.browserId : bearer.sessionId}`;
}
