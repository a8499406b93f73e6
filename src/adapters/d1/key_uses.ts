import type { KeyUseRecords } from "../../ports/key_uses.ts";
import { onD1 } from "./database.ts";

/** The last use of keys in D1, one row for each. */
export function d1KeyUses(db: D1Database): KeyUseRecords {
  const sql = `INSERT INTO api_key_uses (key_id, used_at)
    SELECT k.id, max(u.value ->> 'atMs') FROM json_each(?) u JOIN api_keys k ON k.id = u.value ->> 'id'
    GROUP BY k.id ON CONFLICT (key_id) DO UPDATE SET used_at = max(used_at, excluded.used_at)`;
  return {
    async note(uses) {
      await onD1(() => db.prepare(sql).bind(JSON.stringify(uses)).run());
    },
  };
}
