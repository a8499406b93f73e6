/** One `scope-token` of RFC 6749 §3.3. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/** The distinct scope tokens of `text` in the order asked, or null where it is not a scope (RFC 6749 §3.3). */
export function parseScope(text: string): readonly string[] | null {
  const tokens = text.split(" ").filter((token) => token !== "");
  if (tokens.length === 0 || !tokens.every((token) => SCOPE_TOKEN.test(token))) return null;
  return [...new Set(tokens)];
}
