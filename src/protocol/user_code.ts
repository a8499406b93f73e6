import type { Brand } from "../kernel/brand.ts";
import type { RandomBytes } from "../kernel/random.ts";

/** The code that a person carries from a device to a browser: eight letters, as they are compared. */
export type UserCode = Brand<string, "UserCode">;

/**
 * RFC 8628 §6.1: capital letters without vowels, so that no word comes out, and none that is taken for a digit. Eight of 20 are
 * 34 bits: against the handful of guesses a minute that an address has, and the minutes that a code lives, out of reach.
 */
const ALPHABET = "BCDFGHJKLMNPQRSTVWXZ";
const LETTERS = 8;
const GROUP = 4;
/** The largest multiple of 20 that a byte can reach: what lies above would make some letters likelier than others. */
const FAIR_BYTES = 240;

const SPELT = /^[BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz]{8}$/;
/** What people put between letters: every kind of space and dash, for keyboards change them. */
const BETWEEN = /[\s\p{Pd}]+/gu;
const MAX_CHARACTERS = 64;

/** A new code, each one as likely as any other. */
export function newUserCode(random: RandomBytes): UserCode {
  let code = "";
  while (code.length < LETTERS) {
    for (const byte of random(LETTERS)) {
      if (byte < FAIR_BYTES && code.length < LETTERS) code += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return code as UserCode;
}

/** `text` as somebody typed it: in either case, with spaces and dashes anywhere. Null for anything else. */
export function parseUserCode(text: string): UserCode | null {
  if (text.length > MAX_CHARACTERS) return null;
  const letters = text.replace(BETWEEN, "");
  // Letter by letter: other alphabets have signs whose capital is one of ours.
  return SPELT.test(letters) ? (letters.toUpperCase() as UserCode) : null;
}

/** As devices and pages show it: `XXXX-XXXX`. */
export function formatUserCode(code: UserCode): string {
  return `${code.slice(0, GROUP)}-${code.slice(GROUP)}`;
}
