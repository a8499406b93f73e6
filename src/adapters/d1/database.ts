import * as z from "zod/mini";
import { Outage, orOutage } from "../../kernel/outage.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";

const DEADLINE_MS = 5_000;

/** Runs `work` against D1; whatever goes wrong is an `Outage` of `d1`. */
export function onD1<T>(work: () => Promise<T>): Promise<T> {
  return orOutage("d1", DEADLINE_MS, work);
}

/** Why a row is no use: the cause of the `Outage`. */
export const UNREADABLE = "unreadable row";

/** What `read` makes of a row. One that no release of this code wrote, or a newer one did, is an `Outage` of `d1`. */
export function fromRow<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof z.core.$ZodError || error instanceof SyntaxError)
      throw new Outage("d1", { cause: UNREADABLE });
    throw error;
  }
}

/**
 * Runs `statements` as one transaction. `conflict` where a version trigger of the schema refused, with nothing done;
 * otherwise the number of rows that the first statement changed.
 */
export async function transact(db: D1Database, statements: D1PreparedStatement[]): Promise<"conflict" | number> {
  try {
    const [first] = await onD1(() => db.batch(statements));
    return first?.meta.changes ?? 0;
  } catch (error) {
    if (error instanceof Outage && String(error.cause).includes("version_conflict")) return "conflict";
    throw error;
  }
}

/** Inserts `entries` into the outbox; `project` names the API key hashes to write anew with the first of them. */
export function outboxInserts(
  db: D1Database,
  entries: readonly FeedEntry[],
  project: readonly string[] = [],
): D1PreparedStatement[] {
  const insert = db.prepare("INSERT INTO outbox (kind, subject, epoch, until, project) VALUES (?, ?, ?, ?, ?)");
  return entries.map((entry, at) =>
    insert.bind(entry.kind, entry.id, entry.epoch, entry.untilMs, JSON.stringify(at === 0 ? project : [])),
  );
}

/** A JSON array of strings in a TEXT column. */
export const textList = z.pipe(
  z.string(),
  z.transform((text) => z.array(z.string()).parse(JSON.parse(text))),
);
