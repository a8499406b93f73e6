import type { RandomBytes } from "../kernel/random.ts";
import { newSessionRoot } from "../protocol/client_sid.ts";

/** Where the number of steps is kept that the tables of this object have been through. */
const VERSION = "schema";

/**
 * What brings an account's tables from one version to the next, in order. Steps are added at the end and never changed: objects lie
 * asleep for years. Accounts older than the counting have the tables of the first step, which for that reason may be taken twice.
 */
const STEPS: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS grants (
     id TEXT PRIMARY KEY, client TEXT NOT NULL, session TEXT, has_given INTEGER NOT NULL,
     is_revoked INTEGER NOT NULL, last_used INTEGER NOT NULL, remember_until INTEGER NOT NULL, state TEXT NOT NULL) WITHOUT ROWID;
   CREATE INDEX IF NOT EXISTS grants_unrevoked ON grants (has_given, last_used) WHERE is_revoked = 0;
   CREATE TABLE IF NOT EXISTS spent_hashes (
     grant_id TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (grant_id, hash)) WITHOUT ROWID;
   CREATE TABLE IF NOT EXISTS sessions (
     id TEXT PRIMARY KEY, secret_hash TEXT NOT NULL UNIQUE, amr TEXT NOT NULL, acr TEXT, label TEXT NOT NULL,
     created INTEGER NOT NULL, last_seen INTEGER NOT NULL, idle INTEGER NOT NULL, absolute_end INTEGER NOT NULL);
   CREATE TABLE IF NOT EXISTS feed_outbox (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, id TEXT NOT NULL, epoch INTEGER NOT NULL,
     until INTEGER NOT NULL, UNIQUE (kind, id, epoch));
   CREATE TABLE IF NOT EXISTS event_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);
   CREATE TABLE IF NOT EXISTS notice_outbox (
     seq INTEGER PRIMARY KEY AUTOINCREMENT, notice TEXT NOT NULL, tries INTEGER NOT NULL, due INTEGER NOT NULL);`,
  `ALTER TABLE sessions ADD COLUMN root TEXT;
   CREATE TABLE session_clients (
     session TEXT NOT NULL, client TEXT NOT NULL, subject TEXT NOT NULL, sid TEXT NOT NULL, signed_in INTEGER NOT NULL,
     until INTEGER NOT NULL, PRIMARY KEY (session, client, sid)) WITHOUT ROWID;
   INSERT OR IGNORE INTO session_clients (session, client, subject, sid, signed_in, until)
     SELECT session, client, state ->> '$.terms.subject', state ->> '$.terms.sid', last_used, remember_until FROM grants
     WHERE is_revoked = 0 AND has_given = 1 AND session IS NOT NULL AND state ->> '$.terms.sid' IS NOT NULL;`,
  // Counting the grants of each client, at every redemption, reads this alone and none of the rows.
  `DROP INDEX grants_unrevoked;
   CREATE INDEX grants_of_clients ON grants (has_given, client, last_used) WHERE is_revoked = 0;`,
  // Clients whose access was withdrawn lately, each with the number of the withdrawal and its time.
  `CREATE TABLE withdrawals (client TEXT PRIMARY KEY, mark INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;`,
  // A spend is to write few pages, for every commit waits until they are durable. Without a rowid a row as long as a grant's would be cut in
  // two, each part on a page of its own; and an index would be one page more, for a count that is seldom needed (`GrantCounts`).
  `CREATE TABLE grants_with_rowid (
     id TEXT PRIMARY KEY, client TEXT NOT NULL, session TEXT, has_given INTEGER NOT NULL,
     is_revoked INTEGER NOT NULL, last_used INTEGER NOT NULL, remember_until INTEGER NOT NULL, state TEXT NOT NULL,
     spent_lately TEXT NOT NULL DEFAULT '');
   INSERT INTO grants_with_rowid (id, client, session, has_given, is_revoked, last_used, remember_until, state)
     SELECT id, client, session, has_given, is_revoked, last_used, remember_until, state FROM grants;
   DROP TABLE grants;
   ALTER TABLE grants_with_rowid RENAME TO grants;`,
];

/** Whether there are tables: storage that was never used, or is forgotten, has none. */
export function hasSchema(storage: DurableObjectStorage): boolean {
  return storage.kv.get(VERSION) !== undefined;
}

/** Brings the tables of an account up to this version of the code, whole or not at all. Does nothing where they are. */
export function prepareSchema(storage: DurableObjectStorage, random: RandomBytes): void {
  const taken = storage.kv.get<number>(VERSION) ?? 0;
  storage.transactionSync(() => {
    for (const step of STEPS.slice(taken)) storage.sql.exec(step);
    if (taken < STEPS.length) storage.kv.put(VERSION, STEPS.length);
    giveRoots(storage.sql, random);
  });
}

/** Sessions that an older version of the code opened have no root: before the second step, and whenever that version ran again. */
function giveRoots(sql: SqlStorage, random: RandomBytes): void {
  for (const { id } of sql.exec<{ id: string }>("SELECT id FROM sessions WHERE root IS NULL").toArray()) {
    sql.exec("UPDATE sessions SET root = ? WHERE id = ?", newSessionRoot(random), id);
  }
}
