import type { Beginning } from "../protocol/grant_requests.ts";
import type { ClientId } from "../protocol/ids.ts";

/** Longer than anything is under way: no authorization transaction may last for more than an hour. */
const REMEMBER_MS = 24 * 60 * 60_000;

/**
 * From which clients the user took their access back lately, so that nothing which was under way then is given afterwards. Owns the
 * marks: each withdrawal has the next number of the account, which whoever looks at a session is told. All calls are synchronous.
 */
export class Withdrawals {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** The number of the last withdrawal; 0 where none is remembered. */
  mark(): number {
    return this.#sql.exec<{ mark: number }>("SELECT coalesce(max(mark), 0) AS mark FROM withdrawals").one().mark;
  }

  /** Notes that everything of `client` was taken back. */
  note(client: ClientId, nowMs: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO withdrawals (client, mark, at) VALUES (?, ?, ?)",
      client,
      this.mark() + 1,
      nowMs,
    );
  }

  /**
   * Whether what began so was under way when the access of `client` was taken back. The number tells what was looked at before, whatever
   * clocks say; the time tells requests that a person left open on a page, and answered afterwards.
   */
  outdate(client: ClientId, { seenWithdrawals, atMs }: Beginning): boolean {
    const sql = "SELECT 1 FROM withdrawals WHERE client = ? AND (mark > ? OR at > ?)";
    return this.#sql.exec(sql, client, seenWithdrawals ?? Number.MAX_SAFE_INTEGER, atMs).toArray().length > 0;
  }

  /** Forgets those that nothing can be under way from. */
  sweep(nowMs: number): void {
    this.#sql.exec("DELETE FROM withdrawals WHERE at <= ?", nowMs - REMEMBER_MS);
  }

  /** When the next one is to be forgotten, in Unix milliseconds; null for never. */
  nextEndMs(): number | null {
    const { at } = this.#sql.exec<{ at: number | null }>("SELECT min(at) AS at FROM withdrawals").one();
    return at === null ? null : at + REMEMBER_MS;
  }
}
