import { type RandomBytes, toBase62 } from "../../kernel/random.ts";
import type { PairwiseSubjects } from "../../ports/users.ts";
import type { UserId } from "../../protocol/ids.ts";
import { onD1 } from "./database.ts";

/** 256 bits in base 62. */
const WIDTH = 43;

/**
 * Pairwise subjects in D1: random, so that nothing but this table links two of them. A prefix of their own keeps one from ever
 * looking like a user or a client. They go with the user's record; what is still to be announced of them the account knows.
 */
export class D1PairwiseSubjects implements PairwiseSubjects {
  readonly #db: D1Database;
  readonly #random: RandomBytes;

  constructor(db: D1Database, random: RandomBytes) {
    this.#db = db;
    this.#random = random;
  }

  async subjectOf(user: UserId, sector: string): Promise<string> {
    return (await this.#stored(user, sector)) ?? this.#make(user, sector);
  }

  async userOf(subject: string): Promise<UserId | null> {
    const sql = "SELECT user_id FROM pairwise_subjects WHERE subject = ?";
    return onD1(() => this.#db.prepare(sql).bind(subject).first<UserId>("user_id"));
  }

  async subjectsOf(user: UserId): Promise<readonly string[]> {
    const sql = "SELECT subject FROM pairwise_subjects WHERE user_id = ? ORDER BY subject";
    const { results } = await onD1(() => this.#db.prepare(sql).bind(user).all<{ subject: string }>());
    return results.map(({ subject }) => subject);
  }

  #stored(user: UserId, sector: string): Promise<string | null> {
    const sql = "SELECT subject FROM pairwise_subjects WHERE user_id = ? AND sector = ?";
    return onD1(() => this.#db.prepare(sql).bind(user, sector).first<string>("subject"));
  }

  /** Of two first uses at once one inserts; both read what it inserted. */
  async #make(user: UserId, sector: string): Promise<string> {
    const fresh = `prs_${toBase62(this.#random(32), WIDTH)}`;
    const sql = "INSERT INTO pairwise_subjects (subject, user_id, sector) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    await onD1(() => this.#db.prepare(sql).bind(fresh, user, sector).run());
    const subject = await this.#stored(user, sector);
    if (subject === null) throw new Error("a pairwise subject that was just made is not there");
    return subject;
  }
}
