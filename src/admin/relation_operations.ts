import { fromBase64url, fromUtf8, toBase64url, utf8 } from "../kernel/bytes.ts";
import { err, type Result } from "../kernel/result.ts";
import { invalidFields, type ManagingFault } from "../managing/management.ts";
import { changeRelations, deleteRelations } from "../managing/relations.ts";
import { checkRelations } from "../policy/relations/check.ts";
import { type Expansion, expandRelation } from "../policy/relations/expand.ts";
import { listObjects } from "../policy/relations/list_objects.ts";
import { listSubjects } from "../policy/relations/list_subjects.ts";
import type { RelationList } from "../policy/relations/relation_list.ts";
import { parseTuple, type RelationTuple, refText, subjectText, tupleText } from "../policy/relations/terms.ts";
import { nodeFault, subjectFault, type TupleFault } from "../policy/relations/tuple_fault.ts";
import { changed, shown } from "./answers.ts";
import { type Answer, NO_BODY, NO_QUERY, type Operation, operation } from "./operation.ts";
import {
  objectListQuery,
  relatedListShape,
  relationChangeBody,
  relationChangeShape,
  relationCheckQuery,
  relationCheckShape,
  relationDeletionQuery,
  relationDeletionShape,
  relationExpansionShape,
  relationListQuery,
  relationListShape,
  relationNodeQuery,
  showRevision,
  showStoredTuple,
  showTuple,
  subjectListQuery,
} from "./relation_shapes.ts";

/** A hundred tuples and as many preconditions, each as long as it may be. */
const MAX_BODY_BYTES = 256 * 1024;
const RELATIONS = "relations";

const change = operation({
  id: "change_relations",
  method: "POST",
  path: "/relations",
  summary: "Write and delete tuples, all of them or none",
  status: 200,
  answer: relationChangeShape,
  faults: ["precondition_failed"],
  body: { schema: relationChangeBody, presence: "required", maxBytes: MAX_BODY_BYTES },
  query: NO_QUERY,
  async handle({ body: { writes, deletes, preconditions }, nowMs }, management) {
    const conditions = preconditions.map(({ present, ...tuple }) => ({ tuple, present }));
    const made = await changeRelations({ writes, deletes, preconditions: conditions }, management, nowMs);
    return changed(made, () => RELATIONS, showRevision);
  },
});

const remove = operation({
  id: "delete_relations",
  method: "DELETE",
  path: "/relations",
  summary: "Delete the tuples of an object or of a subject, a hundred at a time",
  status: 200,
  answer: relationDeletionShape,
  faults: [],
  body: NO_BODY,
  query: relationDeletionQuery,
  async handle({ query: { object_type: objectType, ...query }, nowMs }, management) {
    if (query.object === undefined && query.subject === undefined)
      return err(invalidFields([{ field: "object", reason: "or subject must say which" }]));
    const deleted = await deleteRelations({ ...query, objectType }, management, nowMs);
    return changed(
      deleted,
      () => RELATIONS,
      (value) => ({ deleted: value.deleted, more: value.more, ...showRevision(value) }),
    );
  },
});

const list = operation({
  id: "list_relations",
  method: "GET",
  path: "/relations",
  summary: "List tuples",
  status: 200,
  answer: relationListShape,
  faults: [],
  body: NO_BODY,
  query: relationListQuery,
  async handle({ query: { limit, cursor, object_type: objectType, ...filter } }, { relations }) {
    // No index leads from a relation alone to its tuples.
    if (filter.relation !== undefined && filter.object === undefined && filter.subject === undefined)
      return err(invalidFields([{ field: "relation", reason: "needs an object or a subject beside it" }]));
    const after = cursor === undefined ? null : parsePlace(cursor);
    if (cursor !== undefined && after === null)
      return err(invalidFields([{ field: "cursor", reason: "is not a cursor of this list" }]));
    const found = await relations.list(limit + 1, after, { ...filter, objectType });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return shown({ data: page.map(showStoredTuple), next_cursor: last === undefined ? null : place(last) });
  },
});

const check = operation({
  id: "check_relation",
  method: "GET",
  path: "/relations/check",
  summary: "Whether a subject has a relation to an object, and by which tuples",
  status: 200,
  answer: relationCheckShape,
  faults: [],
  body: NO_BODY,
  query: relationCheckQuery,
  async handle({ query }, { relations, relationSchema }) {
    const fault = nodeFault(relationSchema, query.object.type, query.relation);
    const reason = subjectFault(relationSchema, query.subject);
    if (fault !== null || reason !== null) return err(faulty(fault, reason));
    const { findings, revision } = await checkRelations(relationSchema, [query], relations);
    const { answer = "undecided", path = [] } = findings[0] ?? {};
    return shown({
      allowed: answer === true,
      undecided: answer === "undecided",
      path: path.map(showTuple),
      ...showRevision({ revision }),
    });
  },
});

const expand = operation({
  id: "expand_relation",
  method: "GET",
  path: "/relations/expand",
  summary: "Who has a relation to an object and why, as a tree; sets in it can be expanded in their turn",
  status: 200,
  answer: relationExpansionShape,
  faults: [],
  body: NO_BODY,
  query: relationNodeQuery,
  async handle({ query }, { relations, relationSchema }) {
    const fault = nodeFault(relationSchema, query.object.type, query.relation);
    if (fault !== null) return err(faulty(fault, null));
    const { tree, whole, revision } = await expandRelation(relationSchema, query, relations);
    return shown({ tree: showTree(tree), truncated: !whole, ...showRevision({ revision }) });
  },
});

const objects = operation({
  id: "list_related_objects",
  method: "GET",
  path: "/relations/list-objects",
  summary: "To which objects of a type a subject has a relation",
  status: 200,
  answer: relatedListShape,
  faults: [],
  body: NO_BODY,
  query: objectListQuery,
  async handle({ query: { object_type: type, relation, subject, limit, cursor } }, { relations, relationSchema }) {
    const fault = nodeFault(relationSchema, type, relation);
    const reason = subjectFault(relationSchema, subject);
    if (fault !== null || reason !== null) return err(faulty(fault, reason, "object_type"));
    const found = await listObjects(relationSchema, { type, relation, subject }, relations);
    return relatedPage(found, refText, limit, cursor);
  },
});

const subjects = operation({
  id: "list_related_subjects",
  method: "GET",
  path: "/relations/list-subjects",
  summary: "Which subjects of a type have a relation to an object",
  status: 200,
  answer: relatedListShape,
  faults: [],
  body: NO_BODY,
  query: subjectListQuery,
  async handle({ query: { object, relation, subject_type: term, limit, cursor } }, { relations, relationSchema }) {
    const fault = nodeFault(relationSchema, object.type, relation);
    const asked = { type: term.type, id: "0", ...(term.relation !== null && { relation: term.relation }) };
    const reason = subjectFault(relationSchema, asked);
    if (fault !== null || reason !== null) return err(faulty(fault, reason, "object", "subject_type"));
    const question = { object, relation, type: term.type, subjectRelation: term.relation };
    return relatedPage(await listSubjects(relationSchema, question, relations), subjectText, limit, cursor);
  },
});

export const relationOperations: readonly Operation[] = [change, list, remove, check, expand, objects, subjects];

function faulty(
  fault: TupleFault | null,
  subjectReason: string | null,
  objectField = "object",
  subjectField = "subject",
): ManagingFault {
  return invalidFields([
    ...(fault === null ? [] : [{ field: fault.part === "object" ? objectField : fault.part, reason: fault.reason }]),
    ...(subjectReason === null ? [] : [{ field: subjectField, reason: subjectReason }]),
  ]);
}

/** A page of what was found: the search is made anew for each, and begins behind the text that the cursor is. */
function relatedPage<T>(
  { items, whole, revision }: RelationList<T>,
  textOf: (item: T) => string,
  limit: number,
  after: string | undefined,
): Result<Answer, never> {
  const rest = items.map(textOf).filter((text) => after === undefined || text > after);
  const page = rest.slice(0, limit);
  const next = rest.length > limit ? (page.at(-1) ?? null) : null;
  return shown({ data: page, next_cursor: next, truncated: !whole, ...showRevision({ revision }) });
}

function place(tuple: RelationTuple): string {
  return toBase64url(utf8(tupleText(tuple)));
}

function parsePlace(cursor: string): RelationTuple | null {
  const bytes = fromBase64url(cursor);
  const text = bytes === null ? null : fromUtf8(bytes);
  return text === null ? null : parseTuple(text);
}

function showTree(tree: Expansion): object {
  switch (tree.kind) {
    case "direct":
      return { kind: tree.kind, subjects: tree.subjects.map(subjectText) };
    case "same":
      return { kind: tree.kind, relation: tree.relation, of: showTree(tree.of) };
    case "through":
      return { kind: tree.kind, parent: tree.parent, sets: tree.sets.map(subjectText) };
    case "or":
    case "and":
      return { kind: tree.kind, of: tree.of.map(showTree) };
    case "but_not":
      return { kind: tree.kind, of: showTree(tree.of), except: showTree(tree.except) };
  }
}
