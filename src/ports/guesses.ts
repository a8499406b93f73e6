/** A network that an address lies in: a budget by address has one for it too, `times` as wide. */
export interface CountedNetwork {
  /** Keyed digest. */
  readonly key: string;
  readonly times: number;
}

/** Who is trying to sign in, as counted: no name, no address, only their keyed digests. */
export interface Attempt {
  /** Keyed digest of the normalised login name, whether it exists or not. */
  readonly name: string;
  /** Keyed digest of the address unit (/32, /64). */
  readonly address: string;
  /** What the address lies in: nothing wider is counted for IPv4. */
  readonly networks?: readonly CountedNetwork[];
  /** A browser that this name has signed in with before has a budget of its own, so that a stranger cannot lock it out. */
  readonly knownBrowser: string | null;
}

/** Reset links, mails of registrations, links that confirm an account's address, and links that move an account to an address. */
export type MailKind = "mails" | "registrations" | "address_changes";

/** Mails by who is to get them, by the mailbox behind it, by who asks for them, and by who asks for their own. */
type MailBudget = `${MailKind}_to_${"recipient" | "mailbox"}` | "mails_by_address" | "mails_to_known_browser";

/** What strangers may have made for them, each of which is an object with storage of its own. */
export type OpeningKind = "transactions_by_address" | "device_codes_by_address";

/** What is counted beside sign-in: `/register`, mails, user codes, failed proofs of clients, objects that strangers have made. */
export type GuessBudget = "registrations_by_address" | MailBudget | "user_codes" | "client_failures" | OpeningKind;

/** Progressive lockout (M12). Counted before the password is looked at. Throws `Outage`, and then nobody signs in. */
export interface Guesses {
  /** Counts an attempt, or says how long to wait. Refused attempts are not charged again. */
  begin(attempt: Attempt, nowMs: number): Promise<{ readonly retryAfterSeconds: number } | null>;
  /**
   * The attempt was never decided, for something was busy or out: what `begin` took at `nowMs` is there again. To be called only where
   * nobody was told anything about the password.
   */
  giveBack(attempt: Attempt, nowMs: number): Promise<void>;
  /**
   * The attempt was right: the failures in a row of the budget that it was counted in are forgotten, and what `begin` took of its
   * address at `nowMs` is there again, for many people sign in from one address. `newBrowser`: the keyed digest
   * of the id that this browser is known by from now on, in the place of the one it had. `others`: `forget` where the name was taken
   * back from somebody who may be known by it too; its other browsers are strangers from then on.
   */
  succeeded(attempt: Attempt, nowMs: number, newBrowser?: string | null, others?: "keep" | "forget"): Promise<void>;
  /** Whether the attempt's name was signed in with in its browser before. Counts nothing. */
  knows(attempt: Pick<Attempt, "name" | "knownBrowser">, nowMs: number): Promise<boolean>;
  /**
   * Failures in a row that count against an attempt: those of the browser where the name knows it, otherwise the address's in the last
   * minute or the name's, whichever are more. A name that was locked has as many as it takes. Without a name the address's alone. Past
   * `enough` nothing more is asked. Counts nothing.
   */
  failures(
    attempt: Omit<Attempt, "name"> & { readonly name: string | null },
    enough: number,
    nowMs: number,
  ): Promise<number>;
  /** Takes one unit of a named budget under a keyed digest; one by address is charged to the address's networks as well, or to none. */
  take(
    budget: GuessBudget,
    key: string,
    nowMs: number,
    networks?: readonly CountedNetwork[],
  ): Promise<{ readonly retryAfterSeconds: number } | null>;
}
