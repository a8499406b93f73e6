import { faultText } from "../kernel/fault_text.ts";
import type { ClientNotifier, LogoutNotice, NoticeOutcome } from "../ports/client_notices.ts";
import type { AccountStore, WaitingNotice } from "./account_store.ts";

/** As many calls as a Worker may have waiting for their answers at once. The rest follow in the next alarm. */
const BATCH = 6;

/** How long after one try the next one comes: five tries in a little over an hour, and then no more. */
const DELAYS_MS = [10_000, 60_000, 600_000, 3_000_000];
const TRIES = DELAYS_MS.length + 1;

/**
 * Tells clients that a session of theirs is over. Called by alarms alone: no sign-out waits for a client. A try is written down before it
 * is made, so that a death in the middle costs that try and neither the notice nor the pause before the next one.
 */
export class AccountNotices {
  readonly #store: AccountStore;
  readonly #notifier: () => ClientNotifier;

  constructor(store: AccountStore, notifier: () => ClientNotifier) {
    this.#store = store;
    this.#notifier = notifier;
  }

  /** Tries a batch of those that are due at `nowMs`. Never throws. The store knows when the next is due. */
  async deliver(nowMs: number): Promise<void> {
    const due = this.#store.dueNotices(nowMs, BATCH);
    for (const { seq, tries } of due) this.#store.countTry(seq, nowMs + (DELAYS_MS[tries] ?? 0));
    await Promise.all(due.map((waiting) => this.#try(waiting, nowMs)));
  }

  async #try({ seq, tries, notice }: WaitingNotice, nowMs: number): Promise<void> {
    const outcome = tries < TRIES ? await this.#tell(notice, nowMs) : "again";
    if (outcome === "again" && tries < TRIES - 1) return;
    this.#store.removeNotice(seq);
    if (outcome === "done") return;
    const { id: notice_id, clientId: client_id } = notice;
    console.error(JSON.stringify({ event: "logout_notice_given_up", notice_id, client_id }));
  }

  async #tell(notice: LogoutNotice, nowMs: number): Promise<NoticeOutcome> {
    try {
      return await this.#notifier().notify(notice, nowMs);
    } catch (error) {
      const { id: notice_id, clientId: client_id } = notice;
      console.error(JSON.stringify({ event: "logout_notice_failed", notice_id, client_id, error: faultText(error) }));
      return "again";
    }
  }
}
