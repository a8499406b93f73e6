import { Outage } from "../../kernel/outage.ts";
import { CheckRun, isDecided, type Unknown } from "./check_run.ts";
import { grantOf, readsOf } from "./grant.ts";
import { joinLevels } from "./join_levels.ts";
import type { RelationNames } from "./relation_names.ts";
import type { RelationSchema } from "./relation_schema.ts";
import { isRelationId, PRINCIPAL_TYPES, type RelationSubject, type RelationTuple } from "./terms.ts";
import type { ReadBefore, TupleReader } from "./tuple_reader.ts";

/** What came of one check. */
export interface RelationFinding {
  /**
   * Whether the subject has the relation. `undecided` where the way there is deeper or wider than the bounds, or the question names what
   * the schema does not have: never to be taken for "no", for somebody may be excluded by it.
   */
  readonly answer: boolean | "undecided";
  /** The tuples that together grant it, from the object to the subject; empty where it is not granted. */
  readonly path: readonly RelationTuple[];
  /** Buckets of the nodes that the answer was made of: it stands until one of them changes. Null for: any change. */
  readonly reads: readonly number[] | null;
}

/** Findings of one moment. */
export interface RelationFindings {
  /** How many changes the store had seen at that moment. */
  readonly revision: number;
  /** In the order of the checks. */
  readonly findings: readonly RelationFinding[];
}

/** Round trips that one check may take: a chain of tuples longer than this is undecided. */
export const MAX_LEVELS = 25;
/** Checks that are answered together. */
export const MAX_CHECKS = 100;
/** Rows that one level of one question, or of questions that are read as one, may have. */
const MAX_ROWS = 1_000;
/** What questions that are read apart may ask for on one level, and rows that they may be told there, all of them together. */
const MAX_TOGETHER = 10_000;
/** How often all is read again because it changed meanwhile. */
const ATTEMPTS = 3;

const UNDECIDED: RelationFinding = { answer: "undecided", path: [], reads: null };
/** The same, where more might have been read. */
const TOO_WIDE: RelationFinding = { ...UNDECIDED };

/**
 * Answers `checks` together, at most `MAX_CHECKS`, as of one moment: what changes while levels are read is read again. One round trip for
 * each level, however many there are. Each is answered as it would be alone, for as long as all of them stay within ten times the bounds of one: what is beyond
 * that is undecided. Throws `Outage` where the store does, or where it changes faster than it can be read.
 */
export async function checkRelations(
  schema: RelationSchema,
  checks: readonly RelationTuple[],
  reader: TupleReader,
): Promise<RelationFindings> {
  if (checks.length > MAX_CHECKS) throw new RangeError(`more than ${MAX_CHECKS} checks`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const findings = await readOnce(schema, checks, reader);
    if (findings !== "moved") return findings;
  }
  throw new Outage("relations", { cause: "changed again and again while they were read" });
}

/** Whether the schema and the alphabet of ids have what `check` names. */
export function canBeAsked(schema: RelationNames, { object, relation, subject }: RelationTuple): boolean {
  return isRelation(schema, object.type, relation) && isRelationId(object.id) && isSubject(schema, subject);
}

function isRelation({ types }: RelationNames, type: string, relation: string): boolean {
  return types.get(type)?.has(relation) === true;
}

function isSubject(schema: RelationNames, { type, id, relation }: RelationSubject): boolean {
  if (!isRelationId(id)) return false;
  if (relation !== undefined) return isRelation(schema, type, relation);
  return schema.types.has(type) || PRINCIPAL_TYPES.some((principal) => principal === type);
}

/**
 * All as one first, for most questions of a batch lead through the same tuples. The bounds are those of one question: whatever is cut off by what others led
 * to is read once more, each question by itself.
 */
async function readOnce(
  schema: RelationSchema,
  checks: readonly RelationTuple[],
  reader: TupleReader,
): Promise<RelationFindings | "moved"> {
  const asOne = await readRuns(schema, [checks], reader, null);
  if (asOne === "moved") return asOne;
  const cutOff = checks.length === 1 ? [] : checks.filter((_, at) => asOne.findings[at] === TOO_WIDE);
  if (cutOff.length === 0) return asOne;
  const alone = await readRuns(
    schema,
    Array.from(cutOff, (check) => [check]),
    reader,
    asOne.before,
  );
  if (alone === "moved") return alone;
  const again = alone.findings[Symbol.iterator]();
  const findings = asOne.findings.map((found) => (found === TOO_WIDE ? (again.next().value ?? found) : found));
  return { revision: alone.revision, findings };
}

/** Findings, and what they were made of. */
interface ReadFindings extends RelationFindings {
  readonly before: ReadBefore;
}

/** Answers each of `groups` within bounds of its own, all of them level by level beside each other, unless something that was read `earlier` moved. */
async function readRuns(
  schema: RelationSchema,
  groups: readonly (readonly RelationTuple[])[],
  reader: TupleReader,
  earlier: ReadBefore | null,
): Promise<ReadFindings | "moved"> {
  const runs = groups.map((checks) => {
    const run = new CheckRun(schema);
    const roots = checks.map((check) => (canBeAsked(schema, check) ? run.unknown(check, check.subject) : null));
    return { run, roots, asked: roots.filter((root) => root !== null) };
  });
  const buckets = () => [...new Set([...(earlier?.buckets ?? []), ...runs.flatMap(({ run }) => run.buckets)])];
  let first = earlier?.revision ?? null;
  let revision = 0;
  for (let level = 0; level < MAX_LEVELS; level++) {
    const going = runs.filter(({ run }) => !run.isTooWide).map(({ run, asked }) => ({ run, open: run.open(asked) }));
    const reading = level === 0 ? going : going.filter(({ open }) => open.length > 0);
    const levels = reading.map(({ run, open }) => run.questions(open));
    const joined = joinLevels(levels, MAX_ROWS);
    if (reading.length === 0 || joined.size > MAX_TOGETHER) break;
    const before = first === null ? null : { revision: first, buckets: buckets() };
    const maxRows = Math.min(MAX_ROWS * groups.length, MAX_TOGETHER);
    const rows = await reader.read({ ...joined.questions, before, maxRows });
    if (rows.moved) return "moved";
    for (const [at, { run, open }] of reading.entries()) {
      const asked = levels[at];
      if (asked !== undefined) run.learn(open, asked, joined.rowsOf(asked, rows));
    }
    first ??= rows.revision;
    revision = rows.revision;
  }
  const findings = runs.flatMap(({ run, roots }) => roots.map((root) => finding(schema, run, root)));
  return { revision, findings, before: { revision: first ?? revision, buckets: buckets() } };
}

function finding(schema: RelationSchema, run: CheckRun, root: Unknown | null): RelationFinding {
  if (root === null) return UNDECIDED;
  // What was not read could still exclude somebody; without exclusions it could only add to what holds.
  const isCutOff = run.isTooWide && (root.heldAt === 0 || schema.strata > 1);
  if (isCutOff) return TOO_WIDE;
  if (!isDecided(root)) return UNDECIDED;
  if (root.heldAt === 0) return { answer: false, path: [], reads: readsOf(run, root) };
  const { path, reads } = grantOf(run, root);
  return { answer: true, path, reads };
}
