import type { Consents } from "../ports/users.ts";
import type { UserId } from "../protocol/ids.ts";
import { onD1, textList } from "./d1.ts";

/** What users agreed to, in D1. */
export class D1Consents implements Consents {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  async find(user: UserId, client: string, resource: string): Promise<readonly string[] | null> {
    const sql = "SELECT scopes FROM consents WHERE user_id = ? AND client_id = ? AND resource = ?";
    const scopes = await onD1(() => this.#db.prepare(sql).bind(user, client, resource).first<string>("scopes"));
    return scopes === null ? null : textList.parse(scopes);
  }

  /**
   * One statement, so that of two consents at once neither is lost. Where the user or the client was deleted meanwhile there is
   * nothing to agree to, and nothing is kept.
   */
  async add(user: UserId, client: string, resource: string, scopes: readonly string[], nowMs: number): Promise<void> {
    const sql = `
      INSERT INTO consents (user_id, client_id, resource, scopes, updated_at)
      SELECT ?1, ?2, ?3, ?4, ?5
      WHERE EXISTS (SELECT 1 FROM users WHERE id = ?1) AND EXISTS (SELECT 1 FROM clients WHERE id = ?2)
      ON CONFLICT (user_id, client_id, resource) DO UPDATE SET
        scopes = (SELECT json_group_array(value) FROM
          (SELECT value FROM json_each(consents.scopes) UNION SELECT value FROM json_each(excluded.scopes))),
        updated_at = excluded.updated_at`;
    const distinct = JSON.stringify([...new Set(scopes)].sort());
    await onD1(() => this.#db.prepare(sql).bind(user, client, resource, distinct, nowMs).run());
  }

  async withdraw(user: UserId, client: string): Promise<void> {
    const sql = "DELETE FROM consents WHERE user_id = ? AND client_id = ?";
    await onD1(() => this.#db.prepare(sql).bind(user, client).run());
  }
}
