import * as z from "zod/mini";
import type { Outbox, OutboxItem } from "../../ports/outbox.ts";
import { FEED_KINDS } from "../../protocol/edge_feed.ts";
import { fromRow, onD1, textList } from "./database.ts";

const outboxRow = z.object({
  seq: z.number(),
  kind: z.enum(FEED_KINDS),
  subject: z.string(),
  epoch: z.number(),
  until: z.number(),
  project: textList,
});

/** The outbox that D1's changes share their transactions with. */
export class D1Outbox implements Outbox {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** What a newer release wrote of kinds that this one does not know waits for that release, and holds up nothing. */
  async peek(limit: number, afterSeq = 0): Promise<readonly OutboxItem[]> {
    const sql = `SELECT * FROM outbox WHERE seq > ? AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?`;
    const { results } = await onD1(() => this.#db.prepare(sql).bind(afterSeq, JSON.stringify(FEED_KINDS), limit).all());
    return results.map((row) => {
      const { seq, kind, subject, epoch, until, project } = fromRow(() => outboxRow.parse(row));
      return { seq, entry: { kind, id: subject, epoch, untilMs: until }, project };
    });
  }

  async remove(seqs: readonly number[]): Promise<void> {
    await onD1(() =>
      this.#db
        .prepare("DELETE FROM outbox WHERE seq IN (SELECT value FROM json_each(?))")
        .bind(JSON.stringify(seqs))
        .run(),
    );
  }
}
