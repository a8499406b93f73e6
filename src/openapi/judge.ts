import type { ExactJson } from "../kernel/exact_json.ts";
import type { Judging, PartName, SchemaNode } from "./schema_node.ts";

/** One thing wrong with a value. Nothing of the value is in it but names of members, which are the caller's own. */
export interface ValueFault {
  /** JSON pointer to the value (RFC 6901). */
  readonly pointer: string;
  /** The same for logs: names that no schema declares are `*`. */
  readonly loggedPointer: string;
  /** The keyword of JSON Schema that refuses it. */
  readonly keyword: string;
  /** What it must be, for whoever sent it. */
  readonly detail: string;
}

export const MAX_FAULTS = 20;
const MAX_NAME = 64;
/** Nested evaluations: bounds the stack, whatever schemas and values do together. */
const MAX_NESTING = 500;
const BASE_STEPS = 10_000;
const STEPS_PER_CHARACTER = 16;

/** Thrown where a value costs more to judge than its size allows. */
export class TooComplex extends Error {}

/**
 * Judges one value: counts what that costs, knows where it is, and gathers the faults. The cost is bounded by the size of what
 * was sent, so that no schema, however it multiplies its branches, turns a small body into much work.
 */
export class Judge implements Judging {
  readonly faults: ValueFault[] = [];
  readonly #path: PartName[] = [];
  #steps: number;
  #nesting = 0;
  #quiet = 0;

  readonly #mayWrite: ((node: SchemaNode) => boolean) | null;

  /**
   * `size` is the length of the text that the value was read from, in characters; `mayWrite` says what its sender may write, null where
   * that is everything.
   */
  constructor(size: number, mayWrite: ((node: SchemaNode) => boolean) | null = null) {
    this.#steps = BASE_STEPS + STEPS_PER_CHARACTER * size;
    this.#mayWrite = mayWrite;
  }

  /** Whether a value with the schema `node` is demanded of the sender. */
  demands(node: SchemaNode): boolean {
    return this.#mayWrite === null || this.#mayWrite(node);
  }

  /** Not while branches are tried, nor once there are enough. */
  get isTelling(): boolean {
    return this.#quiet === 0 && this.faults.length < MAX_FAULTS;
  }

  /** Charges `steps` of work. Throws `TooComplex` where there was too much of it. */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) throw new TooComplex();
  }

  /** Whether `value` fits `node`. */
  fits(node: SchemaNode, value: ExactJson): boolean {
    if (++this.#nesting > MAX_NESTING) throw new TooComplex();
    this.spend(1 + node.checks.length);
    let fits = true;
    for (const check of node.checks) {
      if (check(value, this)) continue;
      fits = false;
      if (!this.isTelling) break;
    }
    this.#nesting--;
    return fits;
  }

  /** Whether `value` fits `node`, without a word of why not. */
  wouldFit(node: SchemaNode, value: ExactJson): boolean {
    this.#quiet++;
    const fits = this.fits(node, value);
    this.#quiet--;
    return fits;
  }

  /** Whether the part of the value under `name` fits `node`. */
  partFits(name: string, isDeclared: boolean, node: SchemaNode, part: ExactJson): boolean {
    this.#path.push({ name, isDeclared });
    const fits = this.fits(node, part);
    this.#path.pop();
    return fits;
  }

  /** Notes a fault where the judge stands, or at its part `name`. Returns false, so that a check can end with it. */
  fault(keyword: string, detail: string, part?: PartName): false {
    if (!this.isTelling) return false;
    this.faults.push(valueFault(part === undefined ? this.#path : [...this.#path, part], keyword, detail));
    return false;
  }
}

/** A fault at `path`. */
export function valueFault(path: readonly PartName[], keyword: string, detail: string): ValueFault {
  return {
    pointer: path.map(({ name }) => `/${pointerStep(name.slice(0, MAX_NAME).toWellFormed())}`).join(""),
    loggedPointer: path.map(({ name, isDeclared }) => `/${isDeclared ? pointerStep(name) : "*"}`).join(""),
    keyword,
    detail,
  };
}

function pointerStep(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
