/** RFC 5321 §4.5.3.1: what a mailbox may measure at most. */
const MOST_LENGTH = 254;
const MOST_LOCAL_LENGTH = 64;
const MOST_LABEL_LENGTH = 63;

/** White space, control and format characters, and what only quoted or display forms hold. No mail header can be begun with it. */
const NOT_IN_LOCAL = /[\s\p{C}"(),:;<>@[\\\]]/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;
const NOT_ASCII = /[^\x00-\x7f]/;

/** An email address in the form that mail goes to and in the form that names are compared in. */
export interface EmailAddress {
  /** As the user wrote it, without white space round it. */
  readonly written: string;
  /** One form per mailbox as we see it: see `normaliseEmail`. */
  readonly normalised: string;
}

/** `text` as an address, or null. */
export function parseEmail(text: string): EmailAddress | null {
  const written = text.trim();
  const normalised = normaliseEmail(written);
  // What is mailed to is what was written: it must be as plain as its normal form, or a header could hide in it.
  return normalised === null || /[\s\p{C}]/u.test(written) ? null : { written, normalised };
}

/**
 * The form in which addresses are compared, or null for what is no address: NFKC, lower case, the domain in ASCII (UTS 46). It names
 * accounts and lockout counters, so that no spelling of a name has a counter of its own. Dots and `+tags` of the local part
 * stay: what they mean is the mail provider's affair, and since accounts are found under this form alone, a guess under
 * another spelling reaches no account. Idempotent.
 */
export function normaliseEmail(text: string): string | null {
  if (text.length > 4 * MOST_LENGTH) return null;
  const folded = text.trim().normalize("NFKC").toLowerCase().normalize("NFKC");
  const [local = "", spelledDomain = "", ...rest] = folded.split("@");
  const domain = rest.length === 0 ? asciiDomain(spelledDomain) : null;
  if (domain === null || local === "" || local.length > MOST_LOCAL_LENGTH || NOT_IN_LOCAL.test(local)) return null;
  if (local.startsWith(".") || local.endsWith(".") || local.includes("..")) return null;
  const normalised = `${local}@${domain}`;
  return normalised.isWellFormed() && normalised.length <= MOST_LENGTH ? normalised : null;
}

/**
 * A normalised address without the tag of its local part: `me@` for `me+shop@`. For budgets alone, which may count two people's mails
 * as one. It names no account: whose mail a tagged address is, is its provider's affair. Idempotent.
 */
export function untagged(normalised: string): string {
  const tag = normalised.indexOf("+");
  const at = normalised.lastIndexOf("@");
  return tag <= 0 || tag > at ? normalised : normalised.slice(0, tag) + normalised.slice(at);
}

/** A host name of two labels or more, in ASCII; null for anything else, addresses of machines among them. */
function asciiDomain(domain: string): string | null {
  const ascii = NOT_ASCII.test(domain) ? toAscii(domain) : domain;
  const labels = ascii?.split(".") ?? [];
  const well = labels.every((label) => label.length <= MOST_LABEL_LENGTH && LABEL.test(label));
  const top = labels.at(-1) ?? "";
  return ascii !== null && well && labels.length >= 2 && !/^[0-9]+$/.test(top) ? ascii : null;
}

/** UTS 46 by the platform's own URL parser: `münchen.example` and its `xn--` form are one domain. */
function toAscii(domain: string): string | null {
  if (/[\s/?#\\@:%[\]]/.test(domain)) return null;
  return URL.parse(`http://${domain}/`)?.hostname ?? null;
}
