import { Busy } from "../kernel/busy.ts";
import { toBase64url } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import type { Attempt } from "../ports/guesses.ts";
import { normaliseEmail } from "../protocol/email_address.ts";
import type { People, Visitor } from "./people.ts";

/** What a name may measure that is counted and looked up: whatever is longer is nobody's. */
const MOST_NAME = 320;

/** A request that came too early. */
export interface Throttled {
  readonly kind: "throttled";
  readonly retryAfterSeconds: number;
}

/**
 * The name that a sign-in is counted under and looked up by. What is no address has no account, and is counted all the same: it
 * takes the path of every other name.
 */
export function loginName(text: string): string {
  return normaliseEmail(text) ?? text.toWellFormed().slice(0, MOST_NAME);
}

/** An attempt as it is counted: keyed digests, for names and addresses of people are not written down where they need not be. */
export async function attemptOf(
  name: string,
  visitor: Visitor,
  { secrets }: Pick<People, "secrets">,
): Promise<Attempt> {
  const [nameDigest, address, knownBrowser] = await Promise.all([
    secrets.digest("login_name", name),
    addressKey(visitor, { secrets }),
    visitor.knownBrowser === null ? null : secrets.digest("known_browser", visitor.knownBrowser),
  ]);
  return { name: nameDigest, address, knownBrowser };
}

/** The key of budgets that count by address. */
export function addressKey(
  visitor: Pick<Visitor, "address">,
  { secrets }: { readonly secrets: Pick<People["secrets"], "digest"> },
): Promise<string> {
  return secrets.digest("address", visitor.address);
}

/** The key of budgets that count by who gets a mail. */
export function recipientKey(normalisedEmail: string, { secrets }: Pick<People, "secrets">): Promise<string> {
  return secrets.digest("mail_recipient", normalisedEmail);
}

/**
 * Runs what decides an attempt that was counted. If it throws, nothing was decided, and nobody was told anything: what was taken is
 * given back, for people who are kept waiting try again, and must not lock themselves out.
 */
export async function deciding<T>(
  attempt: Attempt,
  { guesses }: Pick<People, "guesses">,
  nowMs: number,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (fault) {
    // What cannot be given back stays counted: the strict side.
    if (fault instanceof Busy || fault instanceof Outage) await guesses.giveBack(attempt, nowMs).catch(() => undefined);
    throw fault;
  }
}

/**
 * Forgets the failures of an attempt that was right, and gives the browser a new id to be known by: the text for its long-lived
 * cookie. Always a new one, so that an id which somebody planted in the browser is worth nothing afterwards. `others`: what becomes of
 * the other browsers that are known by the name.
 */
export async function welcome(
  attempt: Attempt,
  { guesses, secrets, random }: Pick<People, "guesses" | "secrets" | "random">,
  nowMs: number,
  others: "keep" | "forget" = "keep",
): Promise<string> {
  const browser = toBase64url(random(16));
  await guesses.succeeded(attempt, nowMs, await secrets.digest("known_browser", browser), others);
  return browser;
}
