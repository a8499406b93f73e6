import * as z from "zod/mini";
import { Outage } from "../../kernel/outage.ts";
import type { ListPosition } from "../../ports/clients.ts";
import type { HolderFilter, NextBook, PublishedRoles, Role, RoleHolder, RoleRegistry } from "../../ports/roles.ts";
import type { AdminAct } from "../../protocol/audit_event.ts";
import { type FeedEntry, NO_ROLES } from "../../protocol/edge_feed.ts";
import { auditedRole } from "../audited_fields.ts";
import { changeInserts } from "./audited_change.ts";
import { fromRow, onD1, outboxInserts, textList, transact } from "./database.ts";

const roleRow = z.object({
  id: z.string(),
  description: z.string(),
  permissions: textList,
  inherits: textList,
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
});
const bookRow = z.object({ version: z.number(), hash: z.string(), body: z.string() });
const holderRow = z.object({
  subject: z.string(),
  role: z.string(),
  tenant: z.string(),
  until: z.nullable(z.number()),
});

/** The roles in D1, and the books made of them. */
export class D1Roles implements RoleRegistry {
  readonly #db: D1Database;
  readonly #act: AdminAct | null;

  /** With `act`, whatever is changed is recorded as that act, in the same transaction. */
  constructor(db: D1Database, act: AdminAct | null = null) {
    this.#db = db;
    this.#act = act;
  }

  async current(): Promise<PublishedRoles> {
    const row = await onD1(() => this.#db.prepare(`SELECT version, hash, body ${NEWEST_BOOK}`).first());
    if (row === null) return { ...NO_ROLES, text: "" };
    const { version, hash, body } = fromRow(() => bookRow.parse(row));
    return { version, hash, text: body };
  }

  async find(id: string): Promise<Role | null> {
    const row = await onD1(() => this.#db.prepare("SELECT * FROM roles WHERE id = ?").bind(id).first());
    return row === null ? null : readRole(row);
  }

  async list(limit: number, after: ListPosition | null): Promise<readonly Role[]> {
    const { results } = await onD1(() =>
      this.#db
        .prepare("SELECT * FROM roles WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?")
        .bind(after?.createdAtMs ?? -1, after?.id ?? "", limit)
        .all(),
    );
    return results.map(readRole);
  }

  async catalogue() {
    const [roles, books] = await onD1(() =>
      this.#db.batch([
        this.#db.prepare("SELECT * FROM roles ORDER BY id"),
        this.#db.prepare(`SELECT version ${NEWEST_BOOK}`),
      ]),
    );
    const [newest] = books?.results ?? [];
    const bookVersion =
      newest === undefined ? 0 : fromRow(() => z.object({ version: z.number() }).parse(newest)).version;
    return { roles: (roles?.results ?? []).map(readRole), bookVersion };
  }

  async put(before: Role | null, after: Role, book: NextBook, entries: readonly FeedEntry[]) {
    const { id, description, version, createdAtMs, updatedAtMs } = after;
    const values = [
      description,
      JSON.stringify(after.permissions),
      JSON.stringify(after.inherits),
      version,
      updatedAtMs,
    ];
    const write =
      before === null
        ? this.#db
            .prepare(
              `INSERT INTO roles (description, permissions, inherits, version, updated_at, created_at, id)
               VALUES (?, ?, ?, ?, ?, ?, ?)`,
            )
            .bind(...values, createdAtMs, id)
        : this.#db
            .prepare(
              "UPDATE roles SET description = ?, permissions = ?, inherits = ?, version = ?, updated_at = ? WHERE id = ?",
            )
            .bind(...values, id);
    const changed = await transact(this.#db, [
      ...this.#bookInserts(book),
      write,
      ...outboxInserts(this.#db, entries),
      ...this.#record(before, after),
    ]);
    return changed === "conflict" ? "conflict" : "changed";
  }

  async delete(role: Role, book: NextBook, entries: readonly FeedEntry[]) {
    try {
      const changed = await transact(this.#db, [
        ...this.#bookInserts(book),
        ...this.#record(role, null),
        this.#db.prepare("DELETE FROM roles WHERE id = ?").bind(role.id),
        ...outboxInserts(this.#db, entries),
      ]);
      return changed === "conflict" ? "conflict" : "deleted";
    } catch (error) {
      if (error instanceof Outage && String(error.cause).includes("role_in_use")) return "in_use";
      throw error;
    }
  }

  async holders(limit: number, after: RoleHolder | null, filter: HolderFilter, nowMs: number) {
    const { sql, values } = filterSql(filter);
    const { results } = await onD1(() =>
      this.#db
        .prepare(
          `SELECT subject, role, tenant, until FROM role_holders
           WHERE (subject, role, tenant) > (?, ?, ?) AND (until IS NULL OR until > ?)${sql}
           ORDER BY subject, role, tenant LIMIT ?`,
        )
        .bind(after?.subject ?? "", after?.role ?? "", after?.tenant ?? "", nowMs, ...values, limit)
        .all(),
    );
    return results.map(readHolder);
  }

  /** The book goes first: its trigger ends the whole transaction where another change came in between. */
  #bookInserts({ version, parent, hash, text, createdAtMs }: NextBook): D1PreparedStatement[] {
    return [
      this.#db
        .prepare("INSERT INTO role_books (version, parent, hash, body, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(version, parent, hash, text, createdAtMs),
      this.#db.prepare("DELETE FROM role_books WHERE version < ?").bind(version),
    ];
  }

  #record(before: Role | null, after: Role | null): D1PreparedStatement[] {
    const target = (after ?? before)?.id ?? "";
    const fields = { before: before && auditedRole(before), after: after && auditedRole(after) };
    return changeInserts(this.#db, this.#act, { target, ...fields }, undefined);
  }
}

const NEWEST_BOOK = "FROM role_books ORDER BY version DESC LIMIT 1";

/** The part of a WHERE that `filter` asks for, and its values. */
function filterSql({ role, subject, tenant }: HolderFilter) {
  const conditions = [
    ["role = ?", role],
    ["subject = ?", subject],
    ["tenant = ?", tenant === null ? "" : tenant],
  ] as const;
  const asked = conditions.filter(([, value]) => value !== undefined);
  return { sql: asked.map(([sql]) => ` AND ${sql}`).join(""), values: asked.map(([, value]) => value) };
}

function readRole(row: unknown): Role {
  const { created_at: createdAtMs, updated_at: updatedAtMs, ...role } = fromRow(() => roleRow.parse(row));
  return { ...role, createdAtMs, updatedAtMs };
}

function readHolder(row: unknown): RoleHolder {
  const { subject, role, tenant, until } = fromRow(() => holderRow.parse(row));
  return { subject, role, tenant: tenant === "" ? null : tenant, untilMs: until };
}
