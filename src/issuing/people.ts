import type { LockoutConfig, PasswordConfig, SessionConfig } from "../config/schema.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { Accounts } from "../ports/accounts.ts";
import type { ActionLinks } from "../ports/action_links.ts";
import type { AddressChanges } from "../ports/address_changes.ts";
import type { GrantSecrets } from "../ports/grant_secrets.ts";
import type { Guesses } from "../ports/guesses.ts";
import type { Mail } from "../ports/mail.ts";
import type { Passwords } from "../ports/passwords.ts";
import type { Registrations } from "../ports/registrations.ts";
import type { PairwiseSubjects, UserDirectory } from "../ports/users.ts";
import type { HumanCheck } from "./human_check.ts";

/**
 * What the use cases about people are built from: accounts, passwords, sessions, mailed links. Owns who may sign in.
 * Refuses to tell anyone whether an account exists.
 */
export interface People {
  /** Base of links in mails. */
  readonly issuerUrl: string;
  readonly brandName: string;
  readonly users: UserDirectory;
  readonly registrations: Registrations;
  readonly accounts: Accounts;
  readonly subjects: PairwiseSubjects;
  readonly passwords: Passwords;
  readonly guesses: Guesses;
  readonly links: ActionLinks;
  readonly addresses: AddressChanges;
  readonly mail: Mail;
  readonly secrets: GrantSecrets;
  /** Null where nobody is asked whether a person is there. */
  readonly human: HumanCheck | null;
  readonly random: RandomBytes;
  readonly settings: {
    readonly sessions: SessionConfig;
    readonly passwords: PasswordConfig;
    readonly lockout: LockoutConfig;
  };
}

/** Where a request of a person comes from. */
export interface Visitor {
  /** The address unit that limits count (/32, /64). */
  readonly address: string;
  /** The random id in the browser's long-lived cookie, where it has signed in before; null elsewhere. */
  readonly knownBrowser: string | null;
  /** What kind of browser: a short text for the user's own list. */
  readonly label: string;
}
