import * as z from "zod/mini";
import type { SubjectKind, SubjectRecord } from "../../ports/issuer_reader.ts";
import { holdingColumns } from "../holdings_schema.ts";
import { MOST_SUBJECTS } from "../known_subjects.ts";
import { fromRow, onD1, textList } from "./database.ts";

const row = z.object({
  id: z.string(),
  scopes: textList,
  roles: textList,
  ...holdingColumns,
  disabled: z.number(),
  expires_at: z.nullable(z.number()),
});

/** Where each kind stands; people have no scopes of their own, and only keys end. */
const SELECTS: Readonly<Record<SubjectKind, string>> = {
  user: "SELECT id, '[]' AS scopes, roles, assignments, attributes, disabled, NULL AS expires_at FROM users",
  client: "SELECT id, scopes, roles, assignments, attributes, disabled, NULL AS expires_at FROM clients",
  api_key: "SELECT id, scopes, roles, assignments, attributes, disabled, expires_at FROM api_keys",
};

/** The subjects of `kind` called `ids`, in that order, null for one that is not there. Of the first hundred `ids`. Throws `Outage`. */
export async function d1Subjects(
  db: D1Database,
  kind: SubjectKind,
  ids: readonly string[],
): Promise<readonly (SubjectRecord | null)[]> {
  const asked = ids.slice(0, MOST_SUBJECTS);
  if (asked.length === 0) return [];
  const sql = `${SELECTS[kind]} WHERE id IN (SELECT value FROM json_each(?))`;
  const { results } = await onD1(() => db.prepare(sql).bind(JSON.stringify(asked)).all());
  const found = new Map(results.map(readSubject).map((subject) => [subject.id, subject]));
  return asked.map((id) => found.get(id) ?? null);
}

function readSubject(found: unknown): SubjectRecord {
  const { disabled, expires_at: expiresAtMs, ...held } = fromRow(() => row.parse(found));
  return { ...held, disabled: disabled !== 0, expiresAtMs };
}
