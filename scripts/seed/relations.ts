import type { D1Database, D1PreparedStatement } from "@cloudflare/workers-types";
import { parseTuple, refText } from "../../src/policy/relations/terms.ts";

/** Who has what to the demo's documents, by their owner, by name, and through a folder that a group may see. */
function demoTuples([ada, grace]: readonly { readonly id: string }[]): readonly string[] {
  if (ada === undefined || grace === undefined) return [];
  return [
    `document:doc_1#owner@user:${ada.id}`,
    `document:doc_1#viewer@user:${grace.id}`,
    "document:doc_2#parent@folder:shared",
    "folder:shared#viewer@group:engineering#member",
    `group:engineering#member@user:${ada.id}`,
  ];
}

/** Rows of the demo's tuples. No gate has asked yet, so that none has to be told. */
export function insertRelations(
  db: D1Database,
  users: readonly { readonly id: string }[],
  nowMs: number,
): readonly D1PreparedStatement[] {
  const insert = db.prepare(
    "INSERT OR IGNORE INTO relation_tuples (object, relation, subject_relation, subject, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  return demoTuples(users).map((text) => {
    const tuple = parseTuple(text);
    if (tuple === null) throw new Error(`${text} is no tuple`);
    const { object, relation, subject } = tuple;
    return insert.bind(refText(object), relation, subject.relation ?? "", refText(subject), nowMs);
  });
}
