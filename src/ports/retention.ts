/**
 * What is kept for its time only. Each call takes at most `limit` rows of those that are over and says how many went; what is left is
 * for the next call. Repeating is harmless, also in two places at once. Times in Unix milliseconds. Throws `Outage`.
 */
export interface Perishables {
  /** Mails that went out by `untilMs`. */
  forgetSentMails(untilMs: number, limit: number): Promise<number>;
  /** Mails that were taken in by `untilMs` and never went out. */
  forgetUnsentMails(untilMs: number, limit: number): Promise<number>;
  /** Gives up mails with a link that were taken in by `untilMs` and wait still: their texts go, the rows stay. */
  giveUpLinkMails(untilMs: number, nowMs: number, limit: number): Promise<number>;
  /** Mailed links that ended by `untilMs`. */
  forgetLinks(untilMs: number, limit: number): Promise<number>;
  /** Security events from `untilMs` or before. */
  forgetSecurityEvents(untilMs: number, limit: number): Promise<number>;
  /** Events of the audit trail from `untilMs` or before. */
  forgetAuditEvents(untilMs: number, limit: number): Promise<number>;
  /** Messages of it that could not be read, and were found by `untilMs`. */
  forgetAuditDeadLetters(untilMs: number, limit: number): Promise<number>;
  /** Calls that no route lists and nobody made since `untilMs`, and those made a few times and not since `rareUntilMs`. */
  forgetUnlistedCalls(rareUntilMs: number, untilMs: number, limit: number): Promise<number>;
  /** What was counted of calls in shadow and did not come again since `untilMs`. */
  forgetShadow(untilMs: number, limit: number): Promise<number>;
  /**
   * Users who registered themselves by `untilMs` and have never confirmed their address, unless anybody touched their record since, or they
   * hold a link that works at `nowMs`. One of these and a confirmation at the same time: one of the two finds nothing.
   */
  forgetUnconfirmedUsers(untilMs: number, nowMs: number, limit: number): Promise<number>;
}

/** What became of one round: nothing is left, some of it is, or something could not be done. */
export type SweepOutcome = "done" | "more" | "failed";

/** The one who sees to it that rounds are made. */
export interface Sweeper {
  /** Makes sure that a round comes, now and again and again. Throws `Outage`. */
  expect(): Promise<void>;
}
