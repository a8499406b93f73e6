import type { Perishables, SweepOutcome } from "../ports/retention.ts";

/** What a sweep is built from. Lengths in milliseconds. */
export interface Sweeping {
  readonly perishables: Perishables;
  readonly keep: {
    readonly sentMailMs: number;
    readonly unsentMailMs: number;
    readonly securityEventMs: number;
    readonly auditMs: number;
    readonly unconfirmedUserMs: number;
    readonly unlistedCallMs: number;
    readonly shadowMs: number;
  };
  /** How long a mailed link works, where mail waits for somebody to read it in D1; null where it is carried on. */
  readonly linkMs: number | null;
  /** Hears how many rows of what went, where any did. */
  readonly swept: (what: string, rows: number) => void;
  /** Hears what could not be swept. */
  readonly failed: (what: string, error: unknown) => void;
}

/** Calls that no route lists and that were made a few times leave room again after a day. */
const RARE_MS = 86_400_000;

/** Rows of one kind in one round: a statement of a fraction of a second. */
export const SWEEP_ROWS = 500;

/**
 * One round of forgetting what is over. Each kind is tried whatever became of the others, and what fails or is left is for the next
 * round: nothing is noted between rounds but the rows themselves. Never throws.
 *
 * An account that nobody confirmed goes by its row alone. Nobody ever signed in to it, so that there is no session, no grant and no
 * token, and neither the account's object nor the edge feed has heard of it: to tell them would only make what has to be forgotten later.
 */
export async function sweep(sweeping: Sweeping, nowMs: number): Promise<SweepOutcome> {
  const { perishables, keep, linkMs, swept, failed } = sweeping;
  const rounds: [what: string, forget: (() => Promise<number>) | null][] = [
    ["sent_mails", () => perishables.forgetSentMails(nowMs - keep.sentMailMs, SWEEP_ROWS)],
    ["unsent_mails", () => perishables.forgetUnsentMails(nowMs - keep.unsentMailMs, SWEEP_ROWS)],
    ["link_texts", linkMs === null ? null : () => perishables.giveUpLinkMails(nowMs - linkMs, nowMs, SWEEP_ROWS)],
    ["links", () => perishables.forgetLinks(nowMs, SWEEP_ROWS)],
    ["security_events", () => perishables.forgetSecurityEvents(nowMs - keep.securityEventMs, SWEEP_ROWS)],
    ["audit_events", () => perishables.forgetAuditEvents(nowMs - keep.auditMs, SWEEP_ROWS)],
    ["audit_dead_letters", () => perishables.forgetAuditDeadLetters(nowMs - keep.auditMs, SWEEP_ROWS)],
    [
      "unlisted_calls",
      () => {
        const rareMs = Math.min(RARE_MS, keep.unlistedCallMs);
        return perishables.forgetUnlistedCalls(nowMs - rareMs, nowMs - keep.unlistedCallMs, SWEEP_ROWS);
      },
    ],
    ["shadow_differences", () => perishables.forgetShadow(nowMs - keep.shadowMs, SWEEP_ROWS)],
    ["unconfirmed_users", () => perishables.forgetUnconfirmedUsers(nowMs - keep.unconfirmedUserMs, nowMs, SWEEP_ROWS)],
  ];
  let outcome: SweepOutcome = "done";
  for (const [what, forget] of rounds) {
    if (forget === null) continue;
    try {
      const rows = await forget();
      if (rows > 0) swept(what, rows);
      if (rows >= SWEEP_ROWS && outcome === "done") outcome = "more";
    } catch (error) {
      failed(what, error);
      outcome = "failed";
    }
  }
  return outcome;
}
