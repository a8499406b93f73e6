import type { Miniflare } from "miniflare";
import { platformRandom } from "../../src/kernel/random.ts";
import { newUserId, type UserId } from "../../src/protocol/ids.ts";
import type { GrantRow } from "./grant_row.ts";

/** What `crowd.worker.ts` adds to an account. */
interface FillableAccount {
  grantRow(): Promise<GrantRow>;
  plantGrants(row: GrantRow, count: number, spentEach: number): Promise<void>;
}

/** More apps than people connect. An object for each grant would be nearer to life, at 43 KB and 7 ms each. */
const GRANTS_EACH = 100;
/** Refresh tokens that each of them has spent. */
const SPENT_EACH = 10;
const USERS_AT_ONCE = 10_000;

/**
 * Fills a local state as an installation in use has it: `count` users in the directory and about as many grants, in the
 * accounts of `people`, who are under load and have a grant already, and in others.
 */
export async function plantCrowd(
  miniflare: Miniflare,
  worker: string,
  people: readonly UserId[],
  count: number,
): Promise<void> {
  const db = await miniflare.getD1Database("DB", worker);
  for (let from = 0; from < count; from += USERS_AT_ONCE) {
    const upTo = Math.min(count, from + USERS_AT_ONCE);
    await db
      .prepare(
        `WITH RECURSIVE crowd (at) AS (SELECT ? UNION ALL SELECT at + 1 FROM crowd WHERE at + 1 < ?)
         INSERT INTO users (id, email, normalised_email, email_verified, created_at, updated_at)
         SELECT printf('usr_%022d', at), printf('crowd%d@example.com', at), printf('crowd%d@example.com', at), 1, at, at
         FROM crowd`,
      )
      .bind(from, upTo)
      .run();
  }
  const accounts = await miniflare.getDurableObjectNamespace("ACCOUNTS", worker);
  const account = (user: UserId) => accounts.get(accounts.idFromName(user)) as unknown as FillableAccount;
  const [first] = people;
  if (first === undefined) throw new Error("nobody has a grant");
  const row = await account(first).grantRow();
  const others = Array.from({ length: Math.max(0, Math.ceil(count / GRANTS_EACH) - people.length) }, () =>
    newUserId(platformRandom),
  );
  for (const user of [...people, ...others]) await account(user).plantGrants(row, GRANTS_EACH, SPENT_EACH);
}
