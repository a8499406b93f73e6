import { err, ok, type Result } from "../../kernel/result.ts";
import { type Drafts, definitionKey, type SchemaFault, takesOf } from "./draft.ts";
import { parseRewrite } from "./parse_rewrite.ts";
import type { WrittenRelations } from "./relation_names.ts";
import { type Rewrite, rewriteText, type SubjectTerm } from "./rewrite.ts";
import { meaningFaults } from "./schema_meaning.ts";
import { nameFaults } from "./schema_names.ts";
import { strataOf } from "./schema_strata.ts";
import { isRelationName, PRINCIPAL_TYPES } from "./terms.ts";

/** One relation of one type of object. */
export interface RelationDefinition {
  readonly type: string;
  readonly relation: string;
  readonly rewrite: Rewrite;
  /** What tuples may name; nothing where tuples state nothing of this relation. */
  readonly takes: readonly SubjectTerm[];
  /**
   * Relations that this one excludes somebody by are of a lower stratum, and wholly known before: "but not" then has one meaning,
   * whatever cycles the tuples make.
   */
  readonly stratum: number;
}

/** A schema in which every name resolves and every relation can hold. Plain data. */
export interface RelationSchema {
  readonly types: ReadonlyMap<string, ReadonlyMap<string, RelationDefinition>>;
  /** Strata of its relations: 1 where nothing is excluded. */
  readonly strata: number;
  /** What it was made of, spelt in one way: two schemas with the same text are the same. */
  readonly text: string;
}

const MAX_TYPES = 64;
const MAX_RELATIONS = 64;
const MAX_ALL_RELATIONS = 512;
/** Of all rewrites together: the schema goes with every question that a gate asks its issuer. */
const MAX_TEXT = 64 * 1024;

/** Compiles `written`. Every fault is told, but what a relation means only where all of them can be read. */
export function compileRelations(written: WrittenRelations): Result<RelationSchema, readonly SchemaFault[]> {
  const drafts = new Map<string, ReadonlyMap<string, Rewrite>>();
  const faults = sizeFaults(written);
  for (const [type, relations] of Object.entries(written)) {
    faults.push(...typeFaults(type, relations));
    drafts.set(type, readRelations(type, relations, faults));
  }
  if (faults.length === 0) faults.push(...nameFaults(drafts));
  if (faults.length === 0) faults.push(...meaningFaults(drafts));
  if (faults.length > 0) return err(faults);
  const strata = strataOf(drafts);
  return strata.ok ? ok(schemaOf(drafts, strata.value)) : err([strata.error]);
}

/** The definition of `relation` of `type`; undefined where the schema has none. */
export function definitionOf(schema: RelationSchema, type: string, relation: string): RelationDefinition | undefined {
  return schema.types.get(type)?.get(relation);
}

function sizeFaults(written: WrittenRelations): SchemaFault[] {
  const types = Object.keys(written).length;
  const all = Object.values(written).reduce((sum, relations) => sum + Object.keys(relations).length, 0);
  const length = Object.values(written).reduce((sum, relations) => sum + Object.values(relations).join("").length, 0);
  if (length > MAX_TEXT) return [{ at: "", reason: `longer than ${MAX_TEXT} characters in all` }];
  if (types > MAX_TYPES) return [{ at: "", reason: `more than ${MAX_TYPES} types` }];
  return all > MAX_ALL_RELATIONS ? [{ at: "", reason: `more than ${MAX_ALL_RELATIONS} relations` }] : [];
}

function typeFaults(type: string, relations: Readonly<Record<string, string>>): SchemaFault[] {
  const count = Object.keys(relations).length;
  if (PRINCIPAL_TYPES.some((principal) => principal === type))
    return [{ at: type, reason: "is a type of principals: they have no relations, they are who has them" }];
  if (!isRelationName(type))
    return [{ at: type, reason: "is no name of a type: small letters, digits and _, 32 at most" }];
  if (count === 0) return [{ at: type, reason: "has no relation" }];
  return count > MAX_RELATIONS ? [{ at: type, reason: `has more than ${MAX_RELATIONS} relations` }] : [];
}

function readRelations(
  type: string,
  relations: Readonly<Record<string, string>>,
  faults: SchemaFault[],
): ReadonlyMap<string, Rewrite> {
  const read = new Map<string, Rewrite>();
  for (const [relation, text] of Object.entries(relations)) {
    const at = `${type}.${relation}`;
    if (!isRelationName(relation))
      faults.push({ at, reason: "is no name of a relation: small letters, digits and _, 32 at most" });
    const rewrite = parseRewrite(text);
    if (rewrite.ok) read.set(relation, rewrite.value);
    else
      faults.push({
        at,
        reason: `line ${rewrite.error.line}, column ${rewrite.error.column}: ${rewrite.error.reason}`,
      });
  }
  return read;
}

function schemaOf(drafts: Drafts, strata: ReadonlyMap<string, number>): RelationSchema {
  const types = new Map<string, ReadonlyMap<string, RelationDefinition>>();
  for (const [type, relations] of drafts) {
    const definitions = [...relations].map(([relation, rewrite]): [string, RelationDefinition] => {
      const stratum = strata.get(definitionKey(type, relation)) ?? 0;
      return [relation, { type, relation, rewrite, takes: takesOf(rewrite), stratum }];
    });
    types.set(type, new Map(definitions));
  }
  return { types, strata: Math.max(...strata.values()) + 1, text: textOf(drafts) };
}

function textOf(drafts: Drafts): string {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const spelt = sorted(drafts).map(([type, relations]) => [
    type,
    Object.fromEntries(sorted(relations).map(([relation, rewrite]) => [relation, rewriteText(rewrite)])),
  ]);
  return JSON.stringify(Object.fromEntries(spelt));
}
