import type { ClientId } from "../protocol/ids.ts";

/**
 * A browser session, as one client knows it, is over (OpenID Connect Back-Channel Logout §2.4). Kept in the transaction that ended
 * it, and told at least once.
 */
export interface LogoutNotice {
  /** The same at each repetition. */
  readonly id: string;
  readonly clientId: ClientId;
  readonly subject: string;
  readonly sid: string;
}

/** What became of one try: `again` is worth another one, `done` is not, be it heard or nobody's. */
export type NoticeOutcome = "done" | "again";

/** Tells clients. */
export interface ClientNotifier {
  /** Tells the client of `notice`, with a deadline of seconds. A throw counts as `again`. */
  notify(notice: LogoutNotice, nowMs: number): Promise<NoticeOutcome>;
}
