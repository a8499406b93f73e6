import { DurableObject } from "cloudflare:workers";
import type { EdgeFeedReader, EdgeFeedWriter } from "../ports/edge_feed.ts";
import {
  type FeedEntry,
  type FeedKind,
  type FeedPage,
  type FeedPosition,
  isSingleKind,
  mergeEntries,
  NEVER_MS,
} from "../protocol/edge_feed.ts";

const PAGE_ENTRIES = 1_000;
const SWEEP_MS = 60_000;

type Row = { seq: number; kind: FeedKind; id: string; epoch: number; until: number };

/**
 * The edge feed: one ordered list of what stopped being true. An entry that says nothing new keeps its place, so that
 * repeating a delivery is harmless; one that says more moves to the end, so that every reader meets it again. Of the
 * pointers to configurations and to the role book there is one each, whatever it points at: the highest version, which is never forgotten.
 */
export class EdgeFeed extends DurableObject implements EdgeFeedWriter, EdgeFeedReader {
  readonly #sql: SqlStorage;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#sql = ctx.storage.sql;
    this.#sql.exec(`CREATE TABLE IF NOT EXISTS entries (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL,
      epoch INTEGER NOT NULL, until INTEGER NOT NULL, UNIQUE (kind, id))`);
  }

  async append(entries: readonly FeedEntry[]): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      for (const entry of entries) this.#append(entry);
    });
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(Date.now() + SWEEP_MS);
  }

  async pull(position: FeedPosition): Promise<FeedPage> {
    const generation = this.#generation();
    // Storage restored to an earlier point in time keeps its generation, and will give out anew what this reader has passed.
    const isOurs = position.generation === generation && position.seq <= this.#lastSeq();
    const since = isOurs ? position.seq : 0;
    const rows = this.#sql
      .exec<Row>(
        "SELECT seq, kind, id, epoch, until FROM entries WHERE seq > ? AND until > ? ORDER BY seq LIMIT ?",
        since,
        Date.now(),
        PAGE_ENTRIES,
      )
      .toArray();
    return {
      position: { generation, seq: rows.at(-1)?.seq ?? since },
      entries: rows.map(({ kind, id, epoch, until }) => ({ kind, id, epoch, untilMs: until })),
      more: rows.length === PAGE_ENTRIES,
    };
  }

  override async alarm(): Promise<void> {
    this.#sql.exec("DELETE FROM entries WHERE until <= ?", Date.now());
    const left = this.#sql
      .exec<{ count: number }>("SELECT count(*) AS count FROM entries WHERE until < ?", NEVER_MS)
      .one().count;
    if (left > 0) await this.ctx.storage.setAlarm(Date.now() + SWEEP_MS);
  }

  #append(entry: FeedEntry): void {
    if (isSingleKind(entry.kind)) {
      const newer = this.#sql
        .exec("SELECT 1 FROM entries WHERE kind = ? AND epoch >= ?", entry.kind, entry.epoch)
        .toArray();
      if (newer.length > 0) return;
      this.#sql.exec("DELETE FROM entries WHERE kind = ?", entry.kind);
    }
    const [held] = this.#sql
      .exec<Row>("SELECT seq, kind, id, epoch, until FROM entries WHERE kind = ? AND id = ?", entry.kind, entry.id)
      .toArray();
    const merged = held === undefined ? entry : mergeEntries({ ...held, untilMs: held.until }, entry);
    if (held !== undefined && merged.epoch === held.epoch && merged.untilMs === held.until) return;
    this.#sql.exec("DELETE FROM entries WHERE kind = ? AND id = ?", entry.kind, entry.id);
    this.#sql.exec(
      "INSERT INTO entries (kind, id, epoch, until) VALUES (?, ?, ?, ?)",
      entry.kind,
      entry.id,
      merged.epoch,
      merged.untilMs,
    );
  }

  /** The highest number ever given out, swept entries too; 0 before the first. */
  #lastSeq(): number {
    const rows = this.#sql.exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'entries'").toArray();
    return rows[0]?.seq ?? 0;
  }

  /** Random per storage: a reader whose position comes from storage that is gone starts over. */
  #generation(): string {
    const held = this.ctx.storage.kv.get<string>("generation");
    if (held !== undefined) return held;
    const made = crypto.randomUUID();
    this.ctx.storage.kv.put("generation", made);
    return made;
  }
}
