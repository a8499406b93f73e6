import { canonicalJson } from "../../kernel/canonical_json.ts";

/** The schema as it is written: rewrites by relation, by type of object. */
export type WrittenRelations = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * What a gate knows of a schema: which relations there are, and how it is spelt. What they mean is read by whoever answers for them, and
 * who cannot read it answers nothing.
 */
export interface RelationNames {
  /** The relations of each type of object. */
  readonly types: ReadonlyMap<string, { has(relation: string): boolean; keys(): Iterable<string> }>;
  /** Two schemas with the same text are the same. */
  readonly text: string;
}

/** The names in `written`, whatever the rewrites say. */
export function relationNames(written: WrittenRelations): RelationNames {
  const types = Object.entries(written).map(([type, relations]) => [type, new Set(Object.keys(relations))] as const);
  return { types: new Map(types), text: canonicalJson(written) };
}
