import * as z from "zod/mini";
import { Outage } from "../../kernel/outage.ts";
import type { ListPosition } from "../../ports/clients.ts";
import type { MailMessage } from "../../ports/mail.ts";
import type { MailCourier } from "../../ports/mail_queue.ts";
import type { AllowingLink, UserDirectory, UserFence, UserProfile, UserRecord } from "../../ports/users.ts";
import type { AdminAct } from "../../protocol/audit_event.ts";
import type { FeedEntry } from "../../protocol/edge_feed.ts";
import type { UserId } from "../../protocol/ids.ts";
import { auditedUser } from "../audited_fields.ts";
import { assignmentColumn, holdingColumns } from "../holdings_schema.ts";
import { changeInserts } from "./audited_change.ts";
import { fromRow, onD1, outboxInserts, textList, transact } from "./database.ts";
import { mailInsert } from "./mail_outbox.ts";

const text = z.optional(z.string());
const profileColumn = z.strictObject({
  name: text,
  givenName: text,
  familyName: text,
  nickname: text,
  picture: text,
  locale: text,
  zoneinfo: text,
  phoneNumber: text,
  phoneNumberVerified: z.optional(z.boolean()),
  address: text,
});

const userRow = z.object({
  id: z.string(),
  email: z.string(),
  email_verified: z.number(),
  password_hash: z.nullable(z.string()),
  profile: z.pipe(
    z.string(),
    z.transform((json) => readProfile(json)),
  ),
  roles: textList,
  ...holdingColumns,
  disabled: z.number(),
  version: z.number(),
  created_at: z.number(),
  updated_at: z.number(),
});

/** The users in D1. */
export class D1Users implements UserDirectory, UserFence {
  readonly #db: D1Database;
  readonly #courier: Pick<MailCourier, "expect"> | null;
  readonly #act: AdminAct | null;

  /**
   * `courier` is told before mails are written, so that none lies there unseen; null where nothing carries mail on, or no change
   * goes with a mail. With `act`, what is inserted, updated and deleted is recorded as that act, in the same transaction.
   */
  constructor(db: D1Database, courier: Pick<MailCourier, "expect"> | null = null, act: AdminAct | null = null) {
    this.#db = db;
    this.#courier = courier;
    this.#act = act;
  }

  find(id: UserId): Promise<UserRecord | null> {
    return this.#first("SELECT * FROM users WHERE id = ?", id);
  }

  findByEmail(normalisedEmail: string): Promise<UserRecord | null> {
    return this.#first("SELECT * FROM users WHERE normalised_email = ?", normalisedEmail);
  }

  async list(limit: number, after: ListPosition | null): Promise<readonly UserRecord[]> {
    const { results } = await onD1(() =>
      this.#db
        .prepare("SELECT * FROM users WHERE (created_at, id) > (?, ?) ORDER BY created_at, id LIMIT ?")
        .bind(after?.createdAtMs ?? -1, after?.id ?? "", limit)
        .all(),
    );
    return results.map(readUser);
  }

  /** A name that is taken inserts nothing. */
  async insert(user: UserRecord, normalisedEmail: string): Promise<"inserted" | "email_taken"> {
    const changed = await transact(this.#db, [
      userInsert(this.#db, user, normalisedEmail),
      ...this.#record(user.id, null, user),
    ]);
    return changed === 0 ? "email_taken" : "inserted";
  }

  async update(
    before: UserRecord,
    after: UserRecord,
    normalisedEmail: string,
    entries: readonly FeedEntry[],
    mails: readonly MailMessage[] = [],
  ) {
    const onlyIf = { sql: "EXISTS (SELECT 1 FROM users WHERE id = ?)", values: [before.id] };
    const statements = [
      userUpdate(this.#db, before, after, normalisedEmail),
      ...outboxInserts(this.#db, entries),
      ...(await this.#mailInserts(mails, after.updatedAtMs, onlyIf)),
      ...this.#record(before.id, before, after),
    ];
    const changed = await transact(this.#db, statements).catch(emailTaken);
    if (changed === "email_taken") return changed;
    return changed === "conflict" || changed === 0 ? "conflict" : "changed";
  }

  async updateByLink(
    before: UserRecord,
    after: UserRecord,
    normalisedEmail: string,
    { hash, purpose }: AllowingLink,
    nowMs: number,
    mails: readonly MailMessage[] = [],
  ) {
    const link = [hash, purpose, before.id, nowMs];
    const onlyIf = { sql: `EXISTS (${LIVE_LINK})`, values: link };
    const changed = await transact(this.#db, [
      userUpdate(this.#db, before, after, normalisedEmail, link),
      ...(await this.#mailInserts(mails, after.updatedAtMs, onlyIf)),
      this.#db
        .prepare(`DELETE FROM action_links WHERE purpose = ? AND user_id = ? AND EXISTS (${LIVE_LINK})`)
        .bind(purpose, before.id, ...link),
    ]).catch(emailTaken);
    return changed === 0 ? "link_dead" : typeof changed === "number" ? "changed" : changed;
  }

  /** The update checks the version, and takes part in the same transaction. The names that sectors knew the user by go along. */
  async delete(user: UserRecord, entries: readonly FeedEntry[]) {
    const changed = await transact(this.#db, [
      this.#db.prepare("UPDATE users SET version = ? WHERE id = ?").bind(user.version + 1, user.id),
      ...this.#record(user.id, user, null),
      this.#db.prepare("DELETE FROM users WHERE id = ?").bind(user.id),
      this.#db.prepare("DELETE FROM pairwise_subjects WHERE user_id = ?").bind(user.id),
      ...outboxInserts(this.#db, entries),
    ]);
    return changed === "conflict" || changed === 0 ? "conflict" : "deleted";
  }

  /** A new version of the same record: the schema refuses what was written for an earlier one. */
  async fence(id: UserId): Promise<void> {
    await onD1(() => this.#db.prepare("UPDATE users SET version = version + 1 WHERE id = ?").bind(id).run());
  }

  /** Runs while the user is there: where there is none, nothing was changed. */
  #record(id: UserId, before: UserRecord | null, after: UserRecord | null): D1PreparedStatement[] {
    const fields = { before: before && auditedUser(before), after: after && auditedUser(after) };
    const isThere = { sql: "EXISTS (SELECT 1 FROM users WHERE id = ?)", values: [id] };
    return changeInserts(this.#db, this.#act, { target: id, ...fields }, isThere);
  }

  async #mailInserts(mails: readonly MailMessage[], nowMs: number, onlyIf: Parameters<typeof mailInsert>[4]) {
    if (mails.length > 0) await this.#courier?.expect();
    return mails.map((mail) => mailInsert(this.#db, mail, nowMs, null, onlyIf));
  }

  async #first(sql: string, value: string): Promise<UserRecord | null> {
    const row = await onD1(() => this.#db.prepare(sql).bind(value).first());
    return row === null ? null : readUser(row);
  }
}

/** Finds the mailed link that allows a change: its values are the hash, the purpose, the user and the time. */
export const LIVE_LINK = "SELECT 1 FROM action_links WHERE hash = ? AND purpose = ? AND user_id = ? AND expires_at > ?";

/** Inserts `user` as part of a transaction; nothing where the name is taken. */
export function userInsert(db: D1Database, user: UserRecord, normalisedEmail: string): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO users (id, ${COLUMNS.join(", ")}, created_at, updated_at)
       VALUES (?, ${COLUMNS.map(() => "?").join(", ")}, ?, ?) ON CONFLICT (normalised_email) DO NOTHING`,
    )
    .bind(user.id, ...columns(user, normalisedEmail), user.createdAtMs, user.updatedAtMs);
}

/**
 * Writes `after` over `before`, as part of a transaction that the schema refuses where the version has moved. With `link`, the values
 * of `LIVE_LINK`, only where that one works.
 */
export function userUpdate(
  db: D1Database,
  before: UserRecord,
  after: UserRecord,
  normalisedEmail: string,
  link: readonly unknown[] = [],
): D1PreparedStatement {
  const user = { ...after, id: before.id, version: before.version + 1 };
  const set = COLUMNS.map((column) => `${column} = ?`).join(", ");
  const onlyIf = link.length === 0 ? "" : ` AND EXISTS (${LIVE_LINK})`;
  return db
    .prepare(`UPDATE users SET ${set}, updated_at = ? WHERE id = ?${onlyIf}`)
    .bind(...columns(user, normalisedEmail), user.updatedAtMs, user.id, ...link);
}

/** What an update that failed over the unique index says. */
export function emailTaken(error: unknown): "email_taken" {
  if (error instanceof Outage && String(error.cause).includes("users.normalised_email")) return "email_taken";
  throw error;
}

/** What an insert and an update write, in the order of `columns`. */
const COLUMNS = [
  "email",
  "normalised_email",
  "email_verified",
  "password_hash",
  "profile",
  "roles",
  "assignments",
  "attributes",
  "disabled",
  "version",
] as const;

function columns(user: UserRecord, normalisedEmail: string): unknown[] {
  return [
    user.email,
    normalisedEmail,
    user.emailVerified ? 1 : 0,
    user.passwordHash,
    JSON.stringify(user.profile),
    JSON.stringify(user.roles),
    assignmentColumn(user.assignments),
    JSON.stringify(user.attributes),
    user.disabled ? 1 : 0,
    user.version,
  ];
}

/** Absent members stay absent: an unknown claim is not one without a value. */
function readProfile(json: string): UserProfile {
  const members = Object.entries(profileColumn.parse(JSON.parse(json))).filter(([, value]) => value !== undefined);
  return Object.fromEntries(members);
}

function readUser(row: unknown): UserRecord {
  const user = fromRow(() => userRow.parse(row));
  return {
    id: user.id as UserId,
    email: user.email,
    emailVerified: user.email_verified !== 0,
    passwordHash: user.password_hash,
    profile: user.profile,
    roles: user.roles,
    assignments: user.assignments,
    attributes: user.attributes,
    disabled: user.disabled !== 0,
    version: user.version,
    createdAtMs: user.created_at,
    updatedAtMs: user.updated_at,
  };
}
