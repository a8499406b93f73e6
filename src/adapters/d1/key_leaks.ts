import * as z from "zod/mini";
import type { KeyLeaks, KnownStrings, LeakEnd } from "../../ports/key_leaks.ts";
import type { MailCourier } from "../../ports/mail_queue.ts";
import type { ApiKeyId } from "../../protocol/ids.ts";
import { keyUpdate } from "./api_keys.ts";
import { fromRow, onD1, transact } from "./database.ts";
import { mailInsert } from "./mail_outbox.ts";
import { securityEventInserts } from "./security_events.ts";

const keptRow = z.object({ hash: z.string(), key_id: z.string() });
const reportedRow = z.object({ hash: z.string() });

/** Leaks in D1. */
export class D1KeyLeaks implements KeyLeaks {
  readonly #db: D1Database;
  readonly #courier: Pick<MailCourier, "expect"> | null;

  /** `courier` is told before a mail is written, so that none lies there unseen; null where nothing carries mail on. */
  constructor(db: D1Database, courier: Pick<MailCourier, "expect"> | null) {
    this.#db = db;
    this.#courier = courier;
  }

  async known(hashes: readonly string[]): Promise<KnownStrings> {
    const those = "WHERE hash IN (SELECT value FROM json_each(?))";
    const [kept, reported] = await onD1(() =>
      this.#db.batch(
        [`SELECT hash, key_id FROM api_key_secrets ${those}`, `SELECT hash FROM api_key_leaks ${those}`].map((sql) =>
          this.#db.prepare(sql).bind(JSON.stringify(hashes)),
        ),
      ),
    );
    const owned = (kept?.results ?? []).map((row) => fromRow(() => keptRow.parse(row)));
    return {
      kept: new Map(owned.map(({ hash, key_id }) => [hash, key_id as ApiKeyId])),
      reported: new Set((reported?.results ?? []).map((row) => fromRow(() => reportedRow.parse(row)).hash)),
    };
  }

  async end(
    { before, after, found, entries, mail, event, act }: LeakEnd,
    nowMs: number,
  ): Promise<"changed" | "conflict"> {
    // A courier that cannot be told must not hold up the end of a leaked key: it finds the mail when it looks next.
    if (mail !== null) await this.#courier?.expect().catch(() => undefined);
    const leak = this.#db.prepare(
      `INSERT INTO api_key_leaks (hash, key_id, last_four, found_at, source, url)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM api_keys WHERE id = ?2) ON CONFLICT (hash) DO NOTHING`,
    );
    const changed = await transact(this.#db, [
      ...keyUpdate(this.#db, before, after, entries, { ...act, id: `${act.requestId}/${before.id}` }),
      ...found.map(({ hash, lastFour, foundAtMs, source, url }) =>
        leak.bind(hash, after.id, lastFour, foundAtMs, source, url),
      ),
      ...(mail === null ? [] : [mailInsert(this.#db, mail.message, nowMs, mail.onceKey)]),
      ...securityEventInserts(this.#db, event === null ? [] : [event]),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "changed";
  }
}
