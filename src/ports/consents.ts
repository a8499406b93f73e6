import type { ClientId, UserId } from "../protocol/ids.ts";

/** Whose consents, and under which epoch of the account: what was agreed under another one does not count (decision 011). */
export interface ConsentGiver {
  readonly user: UserId;
  readonly epoch: number;
}

/** What a user agreed to for one client and API. */
export interface Consent {
  readonly clientId: ClientId;
  /** The API; empty for the default. */
  readonly resource: string;
  readonly scopes: readonly string[];
  /** When scopes were last agreed to, in Unix milliseconds. */
  readonly givenAtMs: number;
}

/** What users agreed to, per client and API (`resource`; empty for the default). Throws `Outage`. */
export interface Consents {
  find(giver: ConsentGiver, client: string, resource: string): Promise<readonly string[] | null>;
  /** All that counts now, in no order. */
  list(giver: ConsentGiver): Promise<readonly Consent[]>;
  /**
   * Adds `scopes` to what was agreed under this epoch. `askedAtMs`: when the client asked, left out for now. Where that was before a
   * withdrawal nothing is kept, however late the decision comes.
   */
  add(
    giver: ConsentGiver,
    client: string,
    resource: string,
    scopes: readonly string[],
    nowMs: number,
    askedAtMs?: number,
  ): Promise<void>;
  /** Takes back what was agreed for `client`, under whichever epoch, and what will be on requests from before `nowMs`. */
  withdraw(user: UserId, client: string, nowMs: number): Promise<void>;
  /** Forgets what was agreed under lower epochs. It counted for nothing already. */
  forgetBefore(giver: ConsentGiver): Promise<void>;
}
