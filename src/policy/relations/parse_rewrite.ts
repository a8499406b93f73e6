import { nearest } from "../../kernel/nearest.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Rewrite, SubjectTerm } from "./rewrite.ts";
import { placeOf, type RewriteToken, rewriteTokens } from "./rewrite_tokens.ts";
import { isRelationName } from "./terms.ts";

/** Why a text is no rewrite. */
export interface RewriteFault {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

const MAX_LENGTH = 2_000;
const MAX_DEPTH = 8;
const MAX_OPERANDS = 32;
const MAX_SUBJECTS = 32;
const WORDS = ["or", "and", "but", "not", "of"];

/**
 * Reads one rewrite:
 *
 *     rewrite = operand, { "or", operand } | operand, { "and", operand } | operand, "but not", operand
 *     operand = name | name, "of", name | "[", subject, { ",", subject }, "]" | "(", rewrite, ")"
 *     subject = type | type, "#", relation
 *
 * `or`, `and` and `but not` stand together only with parentheses, so that nobody has to know which of them binds more.
 */
export function parseRewrite(text: string): Result<Rewrite, RewriteFault> {
  if (text.length > MAX_LENGTH) return err({ line: 1, column: 1, reason: `is longer than ${MAX_LENGTH} characters` });
  try {
    return ok(new RewriteParser(text).whole());
  } catch (error) {
    if (error instanceof Unreadable) return err({ ...placeOf(text, error.at), reason: error.message });
    throw error;
  }
}

/** Carries the first fault out of the parser, and no further. */
class Unreadable extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

class RewriteParser {
  readonly #tokens: readonly RewriteToken[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = rewriteTokens(text);
  }

  whole(): Rewrite {
    const rewrite = this.#rewrite(1);
    const rest = this.#peek();
    if (rest.kind !== "end")
      throw new Unreadable(rest.at, `${shown(rest)} is out of place: expected \`or\`${meantWord(rest)}`);
    return rewrite;
  }

  #rewrite(depth: number): Rewrite {
    if (depth > MAX_DEPTH)
      throw new Unreadable(this.#peek().at, `parentheses stand in each other more than ${MAX_DEPTH} deep`);
    const first = this.#operand(depth);
    const joint = this.#peek();
    if (this.#isWord("but")) return this.#exclusion(first, depth);
    if (!this.#isWord("or") && !this.#isWord("and")) return first;
    const of = [first];
    while (this.#isWord(joint.text)) {
      const { at } = this.#take();
      if (of.length === MAX_OPERANDS) throw new Unreadable(at, `more than ${MAX_OPERANDS} operands`);
      of.push(this.#operand(depth));
    }
    this.#refuseMixture(joint.text);
    return { kind: joint.text === "or" ? "or" : "and", of };
  }

  #exclusion(of: Rewrite, depth: number): Rewrite {
    this.#take();
    if (!this.#isWord("not")) throw new Unreadable(this.#peek().at, "`but` is followed by `not`");
    this.#take();
    const except = this.#operand(depth);
    this.#refuseMixture("but not");
    return { kind: "but_not", of, except };
  }

  #refuseMixture(joint: string): void {
    const next = this.#peek();
    if (!this.#isWord("or") && !this.#isWord("and") && !this.#isWord("but")) return;
    throw new Unreadable(next.at, `\`${next.text}\` beside \`${joint}\` needs parentheses`);
  }

  #operand(depth: number): Rewrite {
    const token = this.#peek();
    if (this.#isSign("(")) {
      this.#take();
      const inner = this.#rewrite(depth + 1);
      this.#expectSign(")");
      return inner;
    }
    if (this.#isSign("[")) return this.#direct();
    if (token.text === "*")
      throw new Unreadable(token.at, "`*` is not in the language: make what is for everybody a public route");
    const relation = this.#name("a relation, `[` or `(`");
    if (!this.#isWord("of")) return { kind: "same", relation };
    this.#take();
    return { kind: "through", relation, parent: this.#name("the relation that leads to the other object") };
  }

  #direct(): Rewrite {
    const open = this.#take();
    const takes: SubjectTerm[] = [];
    do {
      if (takes.length === MAX_SUBJECTS) throw new Unreadable(open.at, `more than ${MAX_SUBJECTS} types of subjects`);
      if (takes.length > 0) this.#take();
      takes.push(this.#subject());
    } while (this.#isSign(","));
    this.#expectSign("]");
    return { kind: "direct", takes };
  }

  #subject(): SubjectTerm {
    const type = this.#name("a type of subjects");
    const star = this.#peek();
    if (star.text === ":" || star.text === "*")
      throw new Unreadable(star.at, "`:*` is not in the language: make what is for everybody a public route");
    if (!this.#isSign("#")) return { type, relation: null };
    this.#take();
    return { type, relation: this.#name("a relation of that type") };
  }

  #name(expected: string): string {
    const token = this.#peek();
    if (token.kind !== "name") throw new Unreadable(token.at, `expected ${expected}, not ${shown(token)}`);
    if (!isRelationName(token.text))
      throw new Unreadable(token.at, `${shown(token)} is no name: small letters, digits and _, 32 at most`);
    return this.#take().text;
  }

  #expectSign(sign: string): void {
    const token = this.#peek();
    if (!this.#isSign(sign)) throw new Unreadable(token.at, `expected \`${sign}\`, not ${shown(token)}`);
    this.#take();
  }

  #isWord(text: string): boolean {
    const token = this.#peek();
    return token.kind === "word" && token.text === text;
  }

  #isSign(text: string): boolean {
    const token = this.#peek();
    return token.kind === "sign" && token.text === text;
  }

  #peek(): RewriteToken {
    const token = this.#tokens[this.#next];
    if (token === undefined) throw new TypeError("read beyond the end");
    return token;
  }

  #take(): RewriteToken {
    const token = this.#peek();
    if (token.kind !== "end") this.#next += 1;
    return token;
  }
}

function shown({ kind, text }: RewriteToken): string {
  return kind === "end" ? "the end" : `\`${text}\``;
}

function meantWord({ text }: RewriteToken): string {
  const word = nearest(text, WORDS);
  return word === null || word === "or" ? "" : `; did you mean \`${word}\`?`;
}
