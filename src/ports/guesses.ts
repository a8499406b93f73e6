/** Who is trying to sign in, as counted: no name, no address, only their keyed digests. */
export interface Attempt {
  /** Keyed digest of the normalised login name, whether it exists or not. */
  readonly name: string;
  /** Keyed digest of the address unit (/32, /64). */
  readonly address: string;
  /** A browser that this name has signed in with before has a budget of its own, so that a stranger cannot lock it out. */
  readonly knownBrowser: string | null;
}

/** Progressive lockout (M12). Counted before the password is looked at. Throws `Outage`, and then nobody signs in. */
export interface Guesses {
  /** Counts an attempt, or says how long to wait. Refused attempts are not charged again. */
  begin(attempt: Attempt, nowMs: number): Promise<{ readonly retryAfterSeconds: number } | null>;
  /** The attempt was right: the name's failures in a row are forgotten. */
  succeeded(attempt: Attempt, nowMs: number): Promise<void>;
  /** Takes one unit of a named budget (`/register`, `/forgot`, mails, user codes) under a keyed digest. */
  take(budget: string, key: string, nowMs: number): Promise<{ readonly retryAfterSeconds: number } | null>;
}
