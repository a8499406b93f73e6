import { Outage } from "../../kernel/outage.ts";
import { CheckRun, isDecided, type Unknown } from "./check_run.ts";
import { grantOf, readsOf } from "./grant.ts";
import type { RelationNames } from "./relation_names.ts";
import type { RelationSchema } from "./relation_schema.ts";
import { isRelationId, PRINCIPAL_TYPES, type RelationSubject, type RelationTuple } from "./terms.ts";
import type { TupleReader } from "./tuple_reader.ts";

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
const MAX_ROWS = 1_000;
/** How often all is read again because it changed meanwhile. */
const ATTEMPTS = 3;

const UNDECIDED: RelationFinding = { answer: "undecided", path: [], reads: null };

/**
 * Answers `checks` together, at most `MAX_CHECKS`, as of one moment: what changes while levels are read is read again. One round trip for
 * each level, however many there are. Throws `Outage` where the store does, or where it changes faster than it can be read.
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

async function readOnce(
  schema: RelationSchema,
  checks: readonly RelationTuple[],
  reader: TupleReader,
): Promise<RelationFindings | "moved"> {
  const run = new CheckRun(schema);
  const roots = checks.map((check) => (canBeAsked(schema, check) ? run.unknown(check, check.subject) : null));
  const asked = roots.filter((root) => root !== null);
  let first: number | null = null;
  let revision = 0;
  for (let level = 0; level < MAX_LEVELS && !run.isTooWide; level++) {
    const open = run.open(asked);
    if (open.length === 0 && level > 0) break;
    const questions = run.questions(open, MAX_ROWS, first);
    const rows = await reader.read(questions);
    if (rows.moved) return "moved";
    run.learn(open, questions, rows);
    first ??= rows.revision;
    revision = rows.revision;
  }
  return { revision, findings: roots.map((root) => finding(schema, run, root)) };
}

function finding(schema: RelationSchema, run: CheckRun, root: Unknown | null): RelationFinding {
  if (root === null || !isDecided(root)) return UNDECIDED;
  // What was not read could still exclude somebody; without exclusions it could only add to what holds.
  if (run.isTooWide && (root.heldAt === 0 || schema.strata > 1)) return UNDECIDED;
  if (root.heldAt === 0) return { answer: false, path: [], reads: readsOf(run, root) };
  const { path, reads } = grantOf(run, root);
  return { answer: true, path, reads };
}
