/**
 * What a relation means, as written in the schema's language:
 *
 *     [user, group#member] or editor or viewer of parent
 *     ([user] or viewer of parent) but not blocked
 */
export type Rewrite =
  /** `[user, group#member]`: whoever a tuple names, of these types. */
  | { readonly kind: "direct"; readonly takes: readonly SubjectTerm[] }
  /** `editor`: whoever has that relation to the same object. */
  | { readonly kind: "same"; readonly relation: string }
  /** `viewer of parent`: whoever has `relation` to an object that has `parent` to this one. */
  | { readonly kind: "through"; readonly relation: string; readonly parent: string }
  | { readonly kind: "or"; readonly of: readonly Rewrite[] }
  | { readonly kind: "and"; readonly of: readonly Rewrite[] }
  | { readonly kind: "but_not"; readonly of: Rewrite; readonly except: Rewrite };

/** Subjects of one type; with a relation, sets such as the members of a group. */
export interface SubjectTerm {
  readonly type: string;
  readonly relation: string | null;
}

/** `group`, or `group#member`. */
export function termText({ type, relation }: SubjectTerm): string {
  return relation === null ? type : `${type}#${relation}`;
}

/** `rewrite` in the language, with no more parentheses than it needs: `parseRewrite` reads the same again. */
export function rewriteText(rewrite: Rewrite): string {
  switch (rewrite.kind) {
    case "direct":
      return `[${rewrite.takes.map(termText).join(", ")}]`;
    case "same":
      return rewrite.relation;
    case "through":
      return `${rewrite.relation} of ${rewrite.parent}`;
    case "or":
    case "and":
      return rewrite.of.map(operandText).join(` ${rewrite.kind} `);
    case "but_not":
      return `${operandText(rewrite.of)} but not ${operandText(rewrite.except)}`;
  }
}

function operandText(rewrite: Rewrite): string {
  const isCompound = rewrite.kind === "or" || rewrite.kind === "and" || rewrite.kind === "but_not";
  return isCompound ? `(${rewriteText(rewrite)})` : rewriteText(rewrite);
}

/** The parts that `rewrite` is put together of, itself first, at every depth. */
export function* partsOf(rewrite: Rewrite): Generator<Rewrite> {
  yield rewrite;
  if (rewrite.kind === "or" || rewrite.kind === "and") for (const part of rewrite.of) yield* partsOf(part);
  if (rewrite.kind === "but_not") {
    yield* partsOf(rewrite.of);
    yield* partsOf(rewrite.except);
  }
}
