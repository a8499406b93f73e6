import { Busy } from "../kernel/busy.ts";
import { toBase64url } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { Attempt, CountedNetwork, GuessBudget, Guesses } from "../ports/guesses.ts";
import { widerNetworks } from "../protocol/address_networks.ts";
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
  const [nameDigest, { key: address, networks }, knownBrowser] = await Promise.all([
    secrets.digest("login_name", name),
    addressKeys(visitor, (text) => secrets.digest("address", text)),
    visitor.knownBrowser === null ? null : secrets.digest("known_browser", visitor.knownBrowser),
  ]);
  return { name: nameDigest, address, networks, knownBrowser };
}

/** What counting by address rests on. */
export interface AddressCounting {
  readonly guesses: Pick<Guesses, "take">;
  readonly secrets: Pick<GrantSecrets, "digest">;
}

/** Takes one unit of a budget that counts by address, from it and from the networks that it lies in; otherwise how long to wait. Throws `Outage`. */
export async function takeByAddress(
  budget: GuessBudget,
  visitor: Pick<Visitor, "address">,
  { guesses, secrets }: AddressCounting,
  nowMs: number,
): Promise<{ readonly retryAfterSeconds: number } | null> {
  const { key, networks } = await addressKeys(visitor, (text) => secrets.digest("address", text));
  return guesses.take(budget, key, nowMs, networks);
}

/** The keys of an address and of the networks that it lies in, each as `digest` names it. */
export async function addressKeys(
  { address }: Pick<Visitor, "address">,
  digest: (text: string) => Promise<string>,
): Promise<{ readonly key: string; readonly networks: readonly CountedNetwork[] }> {
  const wider = widerNetworks(address);
  const [key, ...networks] = await Promise.all([
    digest(address),
    ...wider.map(async ({ network, times }) => ({ key: await digest(network), times })),
  ]);
  return { key, networks };
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
