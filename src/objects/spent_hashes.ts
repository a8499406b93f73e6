import type { GrantId } from "../protocol/ids.ts";

/** Sixteen hashes of 43 characters, each with the space behind it. */
const LATELY_CHARACTERS = 16 * 44;

/**
 * The hashes of every refresh token that an account's grants have spent: what tells a stolen one from a guess. Those spent last stand in
 * their grant's own row, where they cost a refresh no page more: `AccountStore.putSpending` adds them, each with a space behind it, which no
 * hash has in it. Older ones are rows of their own, for they outnumber everything. All calls are synchronous.
 */
export class SpentHashes {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  has(grant: GrantId, hash: string): boolean {
    const rows = this.#sql.exec(
      `SELECT 1 FROM spent_hashes WHERE grant_id = ?1 AND hash = ?2
       UNION ALL SELECT 1 FROM grants WHERE id = ?1 AND instr(' ' || spent_lately, ' ' || ?2 || ' ')`,
      ...[grant, hash],
    );
    return rows.toArray().length > 0;
  }

  /**
   * Gives the hashes in a grant's row rows of their own, once they are `characters` long and that is enough. They leave the row at last: wherever it
   * fails, each is in one of the two places.
   */
  putAway(grant: GrantId, characters: number): void {
    if (characters < LATELY_CHARACTERS) return;
    const [row] = this.#sql.exec<{ hashes: string }>("SELECT spent_lately AS hashes FROM grants WHERE id = ?", grant);
    for (const hash of row?.hashes.trimEnd().split(" ") ?? []) {
      this.#sql.exec("INSERT OR IGNORE INTO spent_hashes (grant_id, hash) VALUES (?, ?)", grant, hash);
    }
    this.#sql.exec("UPDATE grants SET spent_lately = '' WHERE id = ?", grant);
  }

  /** Forgets those of a grant that is gone. */
  forget(grant: string): void {
    this.#sql.exec("DELETE FROM spent_hashes WHERE grant_id = ?", grant);
  }
}
