import type { CelLanguage } from "./cel.ts";
import { boundName, type Expression, partsOf } from "./expression.ts";
import { sourceOf } from "./part_source.ts";

/** What a condition comes to whatever the call is; `varies` where it depends on it. */
export type Folded = boolean | "fails" | "varies";

/** Folds `tree`, which passed the type check, and tells of its parts that decide nothing or cannot have a value. */
export function fold(
  tree: Expression,
  source: string,
  cel: CelLanguage,
): { folded: Folded; faults: readonly string[] } {
  const folding = new Folding(source, cel);
  const folded = folding.truth(tree);
  return { folded, faults: folded === "varies" ? folding.deadParts(tree) : [] };
}

class Folding {
  readonly #source: string;
  readonly #cel: CelLanguage;

  constructor(source: string, cel: CelLanguage) {
    this.#source = source;
    this.#cel = cel;
  }

  truth(tree: Expression): Folded {
    if (freeNames(tree, NOTHING).length === 0) return this.#constant(tree);
    if (tree.kind !== "operator") return "varies";
    const [first, second, third] = tree.operands;
    const truth = (part: Expression | undefined): Folded => (part === undefined ? "varies" : this.truth(part));
    switch (tree.op) {
      case "&&":
        return joined(truth(first), truth(second), false);
      case "||":
        return joined(truth(first), truth(second), true);
      case "!":
        return negated(truth(first));
      case "in":
        return second?.kind === "list" && second.items.length === 0 ? false : "varies";
      case "?:": {
        const condition = truth(first);
        if (condition === "varies" || condition === "fails") return condition;
        return truth(condition ? second : third);
      }
      default:
        return "varies";
    }
  }

  /** The largest parts that are the same for every call, where they are conditions or fail. */
  deadParts(tree: Expression): readonly string[] {
    if (freeNames(tree, NOTHING).length === 0) return this.truth(tree) === "fails" ? [this.#failing(tree)] : [];
    const conditions = conditionsIn(tree);
    return partsOf(tree).flatMap((part) => {
      const truth = conditions.includes(part) ? this.truth(part) : "varies";
      if (truth === "varies") return this.deadParts(part);
      if (truth === "fails") return [this.#failing(part)];
      return [`\`${this.#text(part)}\` is always ${truth}, and decides nothing`];
    });
  }

  #failing(tree: Expression): string {
    return `\`${this.#text(tree)}\` has no value: it always fails`;
  }

  #constant(tree: Expression): Folded {
    if (tree.kind === "literal") return typeof tree.value === "boolean" ? tree.value : "varies";
    const parsed = this.#cel.parse(this.#text(tree));
    if (!parsed.ok) return "varies";
    try {
      const value = parsed.value.run({});
      return typeof value === "boolean" ? value : "varies";
    } catch {
      return "fails";
    }
  }

  #text(tree: Expression): string {
    return sourceOf(tree, this.#source, this.#cel) ?? this.#source.slice(tree.start, tree.end);
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** The parts of `tree` by which it decides. */
function conditionsIn(tree: Expression): readonly Expression[] {
  if (tree.kind !== "operator") return [];
  if (tree.op === "?:") return tree.operands.slice(0, 1);
  return ["&&", "||", "!"].includes(tree.op) ? tree.operands : [];
}

/** `&&` with `decisive` false, `||` with true: one operand that is decisive decides, whatever the other one is. */
function joined(first: Folded, second: Folded, decisive: boolean): Folded {
  if (first === decisive || second === decisive) return decisive;
  if (first === "varies" || second === "varies") return "varies";
  return first === "fails" || second === "fails" ? "fails" : !decisive;
}

function negated(folded: Folded): Folded {
  return typeof folded === "boolean" ? !folded : folded;
}

function freeNames(tree: Expression, bound: ReadonlySet<string>): readonly string[] {
  if (tree.kind === "name") return bound.has(tree.name) ? [] : [tree.name];
  const name = boundName(tree);
  const inside = name === null ? bound : new Set([...bound, name]);
  return partsOf(tree).flatMap((part) => freeNames(part, inside));
}
