import * as z from "zod/mini";
import type { ActionLink, ActionLinks, LinkPurpose } from "../../ports/action_links.ts";
import type { UserId } from "../../protocol/ids.ts";
import { fromRow, onD1 } from "./database.ts";

/** The longest that a link may live (the configuration's own bound), in milliseconds. */
const LONGEST_LINK_MS = 7 * 86_400_000;

const linkRow = z.object({ hash: z.string(), user_id: z.string(), email: z.string() });

/** Mailed links in D1. */
export class D1ActionLinks implements ActionLinks {
  readonly #db: D1Database;

  constructor(db: D1Database) {
    this.#db = db;
  }

  /** Keeps a link; for a user that does not exist the same statements run and keep nothing. What died long ago is swept on the way. */
  async insert(link: ActionLink): Promise<void> {
    await onD1(() => this.#db.batch([linkInsert(this.#db, link), deadLinksDelete(this.#db, link.expiresAtMs)]));
  }

  async peek(hash: string, purpose: LinkPurpose, nowMs: number) {
    const sql = "SELECT hash, user_id, email FROM action_links WHERE hash = ? AND purpose = ? AND expires_at > ?";
    const row = await onD1(() => this.#db.prepare(sql).bind(hash, purpose, nowMs).first());
    return row === null ? null : readLink(row);
  }

  /**
   * One statement finds the link and removes it with its siblings: a second caller finds nothing to remove. A link that takes a change of
   * address back leaves those alone that were mailed before it: whoever moves an account twice must not kill the way back of
   * its owner with the one that they then hold themselves.
   */
  async spend(hash: string, purpose: LinkPurpose, nowMs: number) {
    const { results } = await onD1(() => linkSpend(this.#db, hash, purpose, nowMs).all<{ hash: string }>());
    const row = results.find((one) => one.hash === hash);
    return row === undefined ? null : readLink(row);
  }

  async forget(user: UserId, purpose: LinkPurpose): Promise<void> {
    const sql = "DELETE FROM action_links WHERE user_id = ? AND purpose = ?";
    await onD1(() => this.#db.prepare(sql).bind(user, purpose).run());
  }
}

/** Spends a link, and its siblings with it, as part of another transaction. Nothing where it does not work at `nowMs`. */
export function linkSpend(db: D1Database, hash: string, purpose: LinkPurpose, nowMs: number): D1PreparedStatement {
  const sql = `DELETE FROM action_links WHERE purpose = ?2 AND hash IN (
      SELECT sibling.hash FROM action_links AS spent
        JOIN action_links AS sibling ON sibling.user_id = spent.user_id AND sibling.purpose = spent.purpose
      WHERE spent.hash = ?1 AND spent.purpose = ?2 AND spent.expires_at > ?3
        AND (?2 <> 'undo_email_change' OR ${mailedAt("sibling")} >= ${mailedAt("spent")}))
    RETURNING hash, user_id, email`;
  return db.prepare(sql).bind(hash, purpose, nowMs);
}

/** When a link was mailed, or for one of a version that did not keep that, a time before it that keeps their order. */
function mailedAt(link: string): string {
  return `coalesce(${link}.created_at, ${link}.expires_at - ${LONGEST_LINK_MS})`;
}

/**
 * Keeps `link` as part of another transaction, where `condition` holds (an expression of SQL with its values); nothing for a user that
 * does not exist.
 */
export function linkInsert(
  db: D1Database,
  link: ActionLink,
  condition: { readonly sql: string; readonly values: readonly unknown[] } = { sql: "1", values: [] },
): D1PreparedStatement {
  const sql = `INSERT INTO action_links (hash, purpose, user_id, email, created_at, expires_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE EXISTS (SELECT 1 FROM users WHERE id = ?3) AND ${condition.sql}`;
  const { hash, purpose, user, email, createdAtMs, expiresAtMs } = link;
  return db.prepare(sql).bind(hash, purpose, user, email, createdAtMs, expiresAtMs, ...condition.values);
}

/**
 * Sweeps what died long ago, as part of a transaction that keeps a link until `expiresAtMs`: a link lives a week at most, so whatever ends a
 * week before this one does has ended already.
 */
export function deadLinksDelete(db: D1Database, expiresAtMs: number): D1PreparedStatement {
  return db.prepare("DELETE FROM action_links WHERE expires_at <= ?").bind(expiresAtMs - LONGEST_LINK_MS);
}

function readLink(row: unknown): { readonly user: UserId; readonly email: string } {
  const link = fromRow(() => linkRow.parse(row));
  return { user: link.user_id as UserId, email: link.email };
}
