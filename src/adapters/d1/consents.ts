import * as z from "zod/mini";
import type { Consent, ConsentGiver, Consents } from "../../ports/consents.ts";
import type { UserId } from "../../protocol/ids.ts";
import { fromRow, onD1, textList } from "./database.ts";

const consentRow = z.object({ client_id: z.string(), resource: z.string(), scopes: textList, updated_at: z.number() });

/** How long a withdrawal is noted: longer than any authorization transaction lives. */
const NOTE_MS = 24 * 60 * 60_000;

/** What users agreed to, in D1. */
export class D1Consents implements Consents {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async find({ user, epoch }: ConsentGiver, client: string, resource: string): Promise<readonly string[] | null> {
    const sql = "SELECT scopes FROM consents WHERE user_id = ? AND client_id = ? AND resource = ? AND epoch = ?";
    const scopes = await onD1(() => this.#db.prepare(sql).bind(user, client, resource, epoch).first<string>("scopes"));
    return scopes === null ? null : fromRow(() => textList.parse(scopes));
  }

  async list({ user, epoch }: ConsentGiver): Promise<readonly Consent[]> {
    const sql = "SELECT client_id, resource, scopes, updated_at FROM consents WHERE user_id = ? AND epoch = ?";
    const { results } = await onD1(() => this.#db.prepare(sql).bind(user, epoch).all());
    return results.map(readConsent);
  }

  /**
   * One statement, so that of two consents at once neither is lost. Where the user or the client was deleted meanwhile there is
   * nothing to agree to, and nothing is kept. What was agreed under an earlier epoch is replaced and not added to; a decision that is
   * itself of an earlier one than what is kept changes nothing, and so does one on a request from before a withdrawal.
   */
  async add(
    { user, epoch }: ConsentGiver,
    client: string,
    resource: string,
    scopes: readonly string[],
    nowMs: number,
    askedAtMs: number = nowMs,
  ): Promise<void> {
    const sql = `
      INSERT INTO consents (user_id, client_id, resource, scopes, updated_at, epoch)
      SELECT ?1, ?2, ?3, ?4, ?5, ?6
      WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1) AND EXISTS (SELECT 1 FROM clients WHERE id = ?2)
        AND NOT EXISTS (SELECT 1 FROM withdrawn_consents WHERE user_id = ?1 AND client_id = ?2 AND withdrawn_at > ?7)
      ON CONFLICT (user_id, client_id, resource) DO UPDATE SET
        scopes = CASE WHEN consents.epoch < excluded.epoch THEN excluded.scopes ELSE
          (SELECT json_group_array(value) FROM
            (SELECT value FROM json_each(consents.scopes) UNION SELECT value FROM json_each(excluded.scopes))) END,
        updated_at = excluded.updated_at,
        epoch = excluded.epoch
      WHERE consents.epoch <= excluded.epoch`;
    const distinct = JSON.stringify([...new Set(scopes)].sort());
    await onD1(() => this.#db.prepare(sql).bind(user, client, resource, distinct, nowMs, epoch, askedAtMs).run());
  }

  /** One transaction: a decision comes before it, and is deleted, or after it, and finds the note. */
  async withdraw(user: UserId, client: string, nowMs: number): Promise<void> {
    const note = `
      INSERT INTO withdrawn_consents (user_id, client_id, withdrawn_at)
      SELECT ?1, ?2, ?3 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1)
      ON CONFLICT (user_id, client_id) DO UPDATE SET withdrawn_at = max(withdrawn_at, excluded.withdrawn_at)`;
    const statements = [
      this.#db.prepare("DELETE FROM consents WHERE user_id = ? AND client_id = ?").bind(user, client),
      this.#db.prepare(note).bind(user, client, nowMs),
      this.#db
        .prepare("DELETE FROM withdrawn_consents WHERE user_id = ? AND withdrawn_at <= ?")
        .bind(user, nowMs - NOTE_MS),
    ];
    await onD1(() => this.#db.batch(statements));
  }

  async forgetBefore({ user, epoch }: ConsentGiver): Promise<void> {
    const sql = "DELETE FROM consents WHERE user_id = ? AND epoch < ?";
    await onD1(() => this.#db.prepare(sql).bind(user, epoch).run());
  }
}

function readConsent(row: unknown): Consent {
  const { client_id, resource, scopes, updated_at } = fromRow(() => consentRow.parse(row));
  return { clientId: client_id as Consent["clientId"], resource, scopes, givenAtMs: updated_at };
}
