import { fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { type OAuthError, oauthError } from "./oauth_error.ts";

/** Parameters of a form, each at most once except those that may repeat. Empty ones are gone (RFC 6749 §3.1). */
export interface Form {
  /** The value of a parameter that may not repeat. */
  get(name: string): string | undefined;
  /** All values of a parameter that may repeat, in order. */
  all(name: string): readonly string[];
}

const MAX_PARAMETERS = 100;
/** Printable ASCII in which nothing is encoded: most names and values. */
const PLAIN = /^[\x20-\x24\x26-\x2a\x2c-\x7e]*$/;
/** `resource` may be given several times (RFC 8707 §2); nothing else may (RFC 6749 §3.2). */
const REPEATABLE: ReadonlySet<string> = new Set(["resource"]);

/**
 * Reads `application/x-www-form-urlencoded` strictly: broken percent-encoding, bytes that are not UTF-8, control
 * characters, repeated and too many parameters are `invalid_request`. A lenient reader would let two parties disagree on
 * what was asked.
 */
export function parseForm(body: string): Result<Form, OAuthError> {
  const values = new Map<string, string[]>();
  const pairs = body === "" ? [] : body.split("&");
  if (pairs.length > MAX_PARAMETERS) return refuse("too many parameters", "too_many_parameters");
  for (const pair of pairs) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decodeFormComponent(equals < 0 ? pair : pair.slice(0, equals));
    const value = decodeFormComponent(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === null || value === null) return refuse("the form is not well-formed", "malformed_form");
    const earlier = values.get(name);
    if (earlier === undefined) values.set(name, [value]);
    else if (REPEATABLE.has(name)) earlier.push(value);
    else return refuse("a parameter is repeated", "repeated_parameter");
  }
  return ok({
    get: (name) => values.get(name)?.[0] || undefined,
    all: (name) => (values.get(name) ?? []).filter((value) => value !== ""),
  });
}

/**
 * Decodes one component of a form (RFC 6749 Appendix B: `+` is a space, the rest percent-encoded UTF-8), or null when
 * it is malformed or holds a control character. Tabs and line ends pass: what a parameter may hold is its own check's word.
 */
export function decodeFormComponent(text: string): string | null {
  if (PLAIN.test(text)) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7e || code < 0x20) return null;
    if (text[at] !== "%") {
      bytes.push(text[at] === "+" ? 0x20 : code);
      continue;
    }
    const hex = text.slice(at + 1, at + 3);
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return null;
    bytes.push(Number.parseInt(hex, 16));
    at += 2;
  }
  const decoded = fromUtf8(Uint8Array.from(bytes));
  return decoded === null || /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(decoded) ? null : decoded;
}

function refuse(description: string, reason: string): Result<never, OAuthError> {
  return err(oauthError("invalid_request", description, reason));
}
