import { partsOf, type Rewrite, type SubjectTerm } from "./rewrite.ts";

/** Definitions by relation by type, before it is known whether they make sense together. */
export type Drafts = ReadonlyMap<string, ReadonlyMap<string, Rewrite>>;

/** One thing wrong with a schema: where (`folder.viewer`, or `""` for the whole) and why. */
export interface SchemaFault {
  readonly at: string;
  readonly reason: string;
}

/** The key of one relation of one type. */
export function definitionKey(type: string, relation: string): string {
  return `${type}#${relation}`;
}

/** What `rewrite` lets tuples name. */
export function takesOf(rewrite: Rewrite): readonly SubjectTerm[] {
  for (const part of partsOf(rewrite)) if (part.kind === "direct") return part.takes;
  return [];
}
