/**
 * Which cookies pass between callers and an origin: those whose names a route lists, in the one grammar that all servers read alike (RFC 6265
 * §4.1.1). Some servers read quotes round a `;`, some a `,` as the end: what they could take for another cookie does not pass.
 */

/** More than this of one cookie no browser keeps (RFC 6265bis §5.6). */
const MAX_COOKIE_CHARACTERS = 4_096;
const VALUE = /^(?:[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*|"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*")$/;
const ATTRIBUTE_VALUE = /^[\x20-\x3a\x3c-\x7e]*$/;
/** Not `Domain`: what an origin sets stays with the gate's host, and never reaches its neighbours. */
const ATTRIBUTES: ReadonlySet<string> = new Set([
  "expires",
  "httponly",
  "max-age",
  "partitioned",
  "path",
  "samesite",
  "secure",
]);

/**
 * Of a caller's `Cookie` field those that are called as in `names`; null where none is. One that is there twice is not passed at all:
 * a neighbour's host can set a second one, and nobody can say which of them is meant.
 */
export function cookiesForOrigin(header: string, names: ReadonlySet<string>): string | null {
  const found = new Map<string, string | null>();
  for (const pair of header.split(";")) {
    const [name, value] = nameAndValue(pair);
    if (!names.has(name)) continue;
    found.set(name, found.has(name) || !isPlain(name, value) ? null : value);
  }
  const passing = [...found].flatMap(([name, value]) => (value === null ? [] : [`${name}=${value}`]));
  return passing.length === 0 ? null : passing.join("; ");
}

/**
 * An origin's `Set-Cookie` as a caller may get it, or null: called as in `names`, for the gate's host alone, with no attribute that is not
 * known here, and `Secure` wherever the caller came over TLS.
 */
export function cookieForCaller(field: string, names: ReadonlySet<string>, isSecure: boolean): string | null {
  const [pair = "", ...attributes] = field.split(";");
  const [name, value] = nameAndValue(pair);
  if (!names.has(name) || !isPlain(name, value)) return null;
  const kept = attributes.flatMap((text) => {
    const attribute = text.trim();
    const [key = ""] = attribute.split("=", 1);
    return ATTRIBUTES.has(key.trim().toLowerCase()) && ATTRIBUTE_VALUE.test(attribute) ? [attribute] : [];
  });
  const saysSecure = kept.some((attribute) => attribute.toLowerCase() === "secure");
  return [`${name}=${value}`, ...kept, ...(isSecure && !saysSecure ? ["Secure"] : [])].join("; ");
}

function nameAndValue(pair: string): [name: string, value: string] {
  const at = pair.indexOf("=");
  const trim = (text: string) => text.replace(/^[ \t]+|[ \t]+$/g, "");
  return at < 0 ? ["", ""] : [trim(pair.slice(0, at)), trim(pair.slice(at + 1))];
}

function isPlain(name: string, value: string): boolean {
  return name.length + value.length <= MAX_COOKIE_CHARACTERS && VALUE.test(value);
}
