import type { RelationCheck, ResourceRef } from "../decision_facts.ts";

/**
 * Relations in Zanzibar's sense: who has what to which object, as tuples `object#relation@subject`. Owns their vocabulary, the small
 * language of their schema, and how checks and lists are answered from tuples that somebody else reads. Refuses to guess: what cannot be
 * decided within its bounds is said to be undecided, and never to be false.
 */

/** Whoever has a relation: a principal, an object, or with `relation` all that have it to that object. */
export type RelationSubject = RelationCheck["subject"];

/** One stated fact: `subject` has `relation` to `object`. */
export type RelationTuple = RelationCheck;

/** Types of subjects that are principals. No type of objects is called so. */
export const PRINCIPAL_TYPES = ["user", "client", "api_key"] as const;

/** What types and relations are called. */
const NAME = /^[a-z][a-z0-9_]{0,31}$/;
/** Words of the schema's language. */
const RESERVED: ReadonlySet<string> = new Set(["or", "and", "but", "not", "of"]);
/**
 * What stands after the colon. Without `:`, `#` and `@`, so that a tuple's text has one reading; without white space and anything beyond
 * ASCII, so that no two ids look alike. Compared octet by octet.
 */
const ID = /^[A-Za-z0-9._~%|+=-]{1,256}$/;

/** Whether types and relations may be called `text`. */
export function isRelationName(text: string): boolean {
  return NAME.test(text) && !RESERVED.has(text);
}

/** Whether objects and subjects may have the id `text`. */
export function isRelationId(text: string): boolean {
  return ID.test(text);
}

/** `type:id`. */
export function refText({ type, id }: ResourceRef): string {
  return `${type}:${id}`;
}

/** `type:id`, or `type:id#relation`. */
export function subjectText(subject: RelationSubject): string {
  return subject.relation === undefined ? refText(subject) : `${refText(subject)}#${subject.relation}`;
}

/** `type:id#relation@subject`: one text for each tuple. */
export function tupleText({ object, relation, subject }: RelationTuple): string {
  return `${refText(object)}#${relation}@${subjectText(subject)}`;
}

/** `type:id` read; null for anything else. */
export function parseRef(text: string): ResourceRef | null {
  const colon = text.indexOf(":");
  const type = text.slice(0, colon);
  const id = text.slice(colon + 1);
  return colon > 0 && isRelationName(type) && isRelationId(id) ? { type, id } : null;
}

/** `type:id` or `type:id#relation` read; null for anything else. */
export function parseSubject(text: string): RelationSubject | null {
  const hash = text.indexOf("#");
  if (hash < 0) return parseRef(text);
  const ref = parseRef(text.slice(0, hash));
  const relation = text.slice(hash + 1);
  return ref !== null && isRelationName(relation) ? { ...ref, relation } : null;
}

/** `type:id#relation@subject` read; null for anything else. */
export function parseTuple(text: string): RelationTuple | null {
  const at = text.indexOf("@");
  const node = at < 0 ? null : parseSubject(text.slice(0, at));
  const subject = at < 0 ? null : parseSubject(text.slice(at + 1));
  if (node?.relation === undefined || subject === null) return null;
  return { object: { type: node.type, id: node.id }, relation: node.relation, subject };
}

/**
 * Whom tuples mean by a principal. A person of our own issuer, and an API key, is called by its id; one that another issuer vouches for is
 * called by both, so that no issuer can name a subject of another: `user:https%3A%2F%2Fidp.example|alice`.
 */
export function principalRef(
  { kind, id, issuer }: { readonly kind: string; readonly id: string; readonly issuer: string | null },
  ownIssuer: string,
): ResourceRef {
  if (issuer === null || issuer === ownIssuer) return { type: kind, id };
  return { type: kind, id: `${encoded(issuer)}|${encoded(id)}` };
}

/** Percent-encoded, those characters too that RFC 2396 left alone and ids do not have. */
function encoded(text: string): string {
  const wellFormed = text.toWellFormed();
  return encodeURIComponent(wellFormed).replace(
    /[!*'()]/g,
    (symbol) => `%${symbol.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
