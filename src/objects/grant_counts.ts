import type { ClientId } from "../protocol/ids.ts";

/** How many unrevoked grants of one kind there are, of one client and of all. */
export interface GrantCount {
  readonly own: number;
  readonly all: number;
}

/** A client that holds unrevoked grants. */
export interface GrantHolder {
  readonly client: ClientId;
  readonly grants: number;
}

type Kind = "given" | "waiting";

const UNCOUNTED: GrantCount = { own: Number.POSITIVE_INFINITY, all: Number.POSITIVE_INFINITY };

/**
 * Counts an account's unrevoked grants: those that gave something already and, apart from them, those that wait to. What was counted once is remembered as the
 * most that there can be: grants that end are not counted out. So every grant is read again only where a bound may have been reached, and few accounts come near any.
 */
export class GrantCounts {
  readonly #sql: SqlStorage;
  #most: Partial<Record<Kind, { all: number; readonly of: Map<ClientId, number> }>> = {};

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** Forgets what was counted: it may have been undone. */
  forget(): void {
    this.#most = {};
  }

  /** Counts in one more grant of `client`: there are no more than the numbers answered. */
  countIn(hasGiven: boolean, client: ClientId): GrantCount {
    const most = this.#most[kindOf(hasGiven)];
    if (most === undefined) return UNCOUNTED;
    const own = (most.of.get(client) ?? 0) + 1;
    most.of.set(client, own);
    most.all += 1;
    return { own, all: most.all };
  }

  /** The clients that hold grants, whoever holds the most first. Reads every grant. */
  holders(hasGiven: boolean): readonly GrantHolder[] {
    const holders = this.#sql
      .exec<{ client: ClientId; grants: number }>(
        `SELECT client, count(*) AS grants FROM grants WHERE is_revoked = 0 AND has_given = ?
         GROUP BY client ORDER BY grants DESC, min(last_used)`,
        Number(hasGiven),
      )
      .toArray();
    this.#most[kindOf(hasGiven)] = {
      all: holders.reduce((sum, { grants }) => sum + grants, 0),
      of: new Map(holders.map(({ client, grants }) => [client, grants])),
    };
    return holders;
  }
}

function kindOf(hasGiven: boolean): Kind {
  return hasGiven ? "given" : "waiting";
}
