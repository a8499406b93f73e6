import { orOutage } from "../kernel/outage.ts";
import type { AccountEvent } from "../ports/account_events.ts";

const DEADLINE_MS = 5_000;

/** What operators can look up afterwards: why something of a user ended. */
export class D1SecurityEvents {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** Keeps `events`, each once however often it comes. Throws `Outage`. */
  async record(events: readonly AccountEvent[]): Promise<void> {
    if (events.length === 0) return;
    const insert = this.#db.prepare(
      "INSERT INTO security_events (id, user_id, kind, detail, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
    );
    const statements = events.map(({ id, userId, kind, atMs, ...detail }) =>
      insert.bind(id, userId, kind, JSON.stringify(detail), atMs),
    );
    await orOutage("d1", DEADLINE_MS, () => this.#db.batch(statements));
  }
}
