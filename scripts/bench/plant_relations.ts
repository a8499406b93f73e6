import type { D1Database } from "@cloudflare/workers-types";

/** A question about planted relations: the document is the person's through a folder in a folder, which a group in a group sees. */
export interface PlantedQuestion {
  readonly object: string;
  readonly relation: string;
  readonly subject: string;
}

/** Rows of one statement: a fraction of a second. */
const ROWS = 50_000;
/** Of each kind, for each tuple that there is to be. */
const KINDS = 5;

/**
 * Fills the table with about `count` tuples, and answers with `questions` of depth 4 that hold: documents in folders, folders in folders,
 * groups that see folders, groups in groups, people in groups. Nobody is told: for installations that no gate has asked yet.
 */
export async function plantRelations(
  db: D1Database,
  count: number,
  questions: number,
): Promise<readonly PlantedQuestion[]> {
  const each = Math.floor(count / KINDS);
  const tuples = [
    ["'document:d' || i", "parent", "''", "'folder:f' || i"],
    ["'folder:f' || i", "parent", "''", "'folder:t' || i"],
    ["'folder:t' || i", "viewer", "'member'", "'group:g' || i"],
    ["'group:g' || i", "member", "'member'", "'group:h' || i"],
    ["'group:h' || i", "member", "''", "'user:u' || i"],
  ] as const;
  for (const [object, relation, set, subject] of tuples) {
    const insert = db.prepare(
      `WITH RECURSIVE n(i) AS (SELECT CAST(?1 AS INTEGER) UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?2)
       INSERT OR IGNORE INTO relation_tuples (object, relation, subject_relation, subject, created_at)
       SELECT ${object}, '${relation}', ${set}, ${subject}, 0 FROM n`,
    );
    for (let from = 0; from < each; from += ROWS) await insert.bind(from, Math.min(each, from + ROWS)).run();
  }
  const step = Math.max(1, Math.floor(each / questions));
  return Array.from({ length: Math.min(questions, each) }, (_, at) => ({
    object: `document:d${at * step}`,
    relation: "viewer",
    subject: `user:u${at * step}`,
  }));
}

/** Makes `subject` (`client:cli_...`) have what `questions` ask about, as another member of the same groups. */
export async function plantMember(
  db: D1Database,
  questions: readonly PlantedQuestion[],
  subject: string,
): Promise<void> {
  const insert = db.prepare(
    `INSERT OR IGNORE INTO relation_tuples (object, relation, subject_relation, subject, created_at)
     SELECT object, relation, subject_relation, ?1, 0 FROM relation_tuples WHERE subject = ?2`,
  );
  await db.batch(questions.map((question) => insert.bind(subject, question.subject)));
}
