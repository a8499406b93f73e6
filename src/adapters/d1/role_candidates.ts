import * as z from "zod/mini";
import { wildcardOf } from "../../policy/permission.ts";
import type { SubjectKind } from "../../ports/issuer_reader.ts";
import type { RoleCandidates } from "../../ports/role_candidates.ts";
import { fromRow, onD1 } from "./database.ts";

const row = z.object({ subject: z.string() });

/** What ids of each kind begin with, and the least text behind all of these: one range of the primary key. */
const RANGES: Readonly<Record<SubjectKind, readonly [from: string, to: string]>> = {
  user: ["usr_", "usr`"],
  client: ["cli_", "cli`"],
  api_key: ["key_", "key`"],
};

/** Somebody may have several roles: so that a page costs no more than it holds, rows come in the order of the primary key. */
const WITH_ANY = `SELECT DISTINCT subject FROM role_holders
  WHERE subject > ?1 AND subject < ?2 AND (until IS NULL OR until > ?3) ORDER BY subject LIMIT ?4`;

/** Of each role that gives the permission no more than the page needs, however many have it: the planner must begin with the roles. */
const WITH_PERMISSION = `WITH RECURSIVE giving (role) AS (
    SELECT r.id FROM roles AS r, json_each(r.permissions) AS p WHERE p.value IN (?5, ?6)
    UNION SELECT r.id FROM giving AS g, roles AS r, json_each(r.inherits) AS i WHERE i.value = g.role
  )
  SELECT DISTINCT h.subject FROM giving AS g CROSS JOIN role_holders AS h ON h.role = g.role AND h.subject IN (
    SELECT n.subject FROM role_holders AS n
    WHERE n.role = g.role AND n.subject > ?1 AND n.subject < ?2 AND (n.until IS NULL OR n.until > ?3) ORDER BY n.subject LIMIT ?4
  ) ORDER BY h.subject LIMIT ?4`;

/** The statements, for whoever asks how they are planned. */
export const CANDIDATE_SQL = { WITH_ANY, WITH_PERMISSION } as const;

/** Who has roles in D1. */
export class D1RoleCandidates implements RoleCandidates {
  readonly #db: D1Database;
  readonly #now: () => number;

  /** `now` tells Unix milliseconds. */
  constructor(db: D1Database, now: () => number) {
    this.#db = db;
    this.#now = now;
  }

  async holders(kind: SubjectKind, permission: string | null, after: string | null, limit: number) {
    const [from, to] = RANGES[kind];
    const values = [after !== null && after > from ? after : from, to, this.#now(), limit];
    const statement =
      permission === null
        ? this.#db.prepare(WITH_ANY).bind(...values)
        : this.#db.prepare(WITH_PERMISSION).bind(...values, permission, wildcardOf(permission));
    const { results } = await onD1(() => statement.all());
    return fromRow(() => results.map((found) => row.parse(found).subject));
  }
}
