import { utf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { guessWeight } from "./guess_weight.ts";

/** Why a password cannot be set: a stable code, and a sentence for whoever chose it. */
export interface PasswordFault {
  readonly code:
    | "password_too_short"
    | "password_too_long"
    | "password_not_text"
    | "password_common"
    | "password_pattern"
    | "password_in_context";
  readonly text: string;
}

/** What a password is judged by. */
export interface PasswordRules {
  /** In code points. */
  readonly minLength: number;
  /** Words of this installation that no password is to be made of: its brand, and what the operator listed. */
  readonly words: readonly string[];
  /** What is known of the person: email address, names. */
  readonly about: readonly string[];
}

/** At least 256 code points of any script, 1,024 of ASCII: above what any person types, below what a hash would notice. */
const MOST_BYTES = 1_024;
/** No operator can go below it (NIST SP 800-63B-4 §3.1.1.2: 8 where there is a second factor). */
const LEAST_LENGTH = 8;
/** A list of ten billion guesses, sorted by how likely they are, ends here; so does what one weighs as too easy. */
const LEAST_BITS = 34;
/** The guessing game is played on so much of it: what follows could only add. */
const WEIGHED = 128;
const PRODUCT = "sallyport";

/**
 * A password as it is hashed and compared: NFKC (NIST SP 800-63B-4 §3.1.1.2), so that it does not matter how a keyboard
 * composes an accent; nothing is cut, trimmed or folded. Null for what cannot have been set: lone surrogates, which
 * have no bytes of their own, and more than 1,024 bytes. The same at registration and at sign-in.
 */
export function preparePassword(text: string): string | null {
  if (!text.isWellFormed() || isTooLong(text)) return null;
  return text.normalize("NFKC");
}

/** The prepared password, or why it cannot be set. There are no rules of composition (NIST SP 800-63B-4 §3.1.1.2). */
export function checkNewPassword(text: string, rules: PasswordRules): Result<string, PasswordFault> {
  if (isTooLong(text))
    return refuse("password_too_long", "The password is too long: at most 256 characters are sure to fit.");
  const password = preparePassword(text);
  if (password === null) return refuse("password_not_text", "The password has characters that are not text.");
  const least = Math.max(LEAST_LENGTH, rules.minLength);
  // Code points, before and after: neither a ligature nor a surrogate pair counts for more than it is.
  if (Math.min([...text].length, [...password].length) < least) {
    return refuse("password_too_short", `The password is too short: at least ${least} characters are needed.`);
  }
  return easyToGuess(password, rules) ?? ok(password);
}

function easyToGuess(password: string, rules: PasswordRules): Result<never, PasswordFault> | null {
  const { bits, kinds } = guessWeight([...password].slice(0, WEIGHED).join(""), contextWords(rules), LEAST_BITS);
  if (bits >= LEAST_BITS) return null;
  if (kinds.has("context")) {
    return refuse(
      "password_in_context",
      "The password is made of your address or name, or of a name of this service: that is guessed first.",
    );
  }
  if (kinds.has("common")) {
    return refuse("password_common", "The password is made of words that lists of common passwords are full of.");
  }
  return refuse(
    "password_pattern",
    "The password is a pattern: repetition, a sequence, dates, or a walk on the keyboard.",
  );
}

/** Every word of what is known, and each whole text without what separates its words. */
function contextWords({ words, about }: PasswordRules): ReadonlySet<string> {
  const texts = [PRODUCT, ...words, ...about].map((text) => text.normalize("NFKC").toLowerCase());
  const found = texts.flatMap((text) => {
    const parts = text.split(/[^\p{L}\p{N}]+/u);
    return [
      ...parts,
      parts.join(""),
      ...(text.includes("@")
        ? [
            text
              .split("@", 1)
              .join("")
              .replace(/[^\p{L}\p{N}]+/gu, ""),
          ]
        : []),
    ];
  });
  return new Set(found.filter((word) => [...word].length >= 3));
}

function isTooLong(text: string): boolean {
  return text.length > MOST_BYTES || utf8(text).length > MOST_BYTES;
}

function refuse(code: PasswordFault["code"], text: string): Result<never, PasswordFault> {
  return err({ code, text });
}
