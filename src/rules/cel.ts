import { Environment, type ErrorLocation, EvaluationError, ParseError } from "@marcbachmann/cel-js";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Expression, Place } from "./expression.ts";
import { LIMITS } from "./limits.ts";

/**
 * The one file that knows the CEL library. Owns how its trees are read and its errors told; refuses to let values of a call into a
 * message, and replaces functions of it that are slow, or not what the language says.
 */
export interface CelRule {
  /** Without types until `check` has passed. */
  tree(): Expression;
  /** The type of the whole; or what is wrong, in words. */
  check(): Result<string, string>;
  /** Its value with these variables. Throws where it has none: `failureOf` says why. */
  run(variables: object): unknown;
}

/** Variables by name, types with their fields, and functions by signature. */
export interface CelDeclarations {
  readonly types: Readonly<
    Record<string, { readonly ctor: CelClass; readonly fields: Readonly<Record<string, string>> }>
  >;
  readonly variables: Readonly<Record<string, string>>;
  readonly functions: Readonly<Record<string, CelFunction>>;
}

// biome-ignore lint/suspicious/noExplicitAny: the library calls functions with what their signatures say, and classes are never made by it.
export type CelFunction = (...args: any[]) => unknown;
// biome-ignore lint/suspicious/noExplicitAny: see above.
export type CelClass = new (...args: any[]) => object;

/** What the library calls a timestamp. */
export const TIMESTAMP = "google.protobuf.Timestamp";

/**
 * Methods of the library that ours stand in for: `matches` is a backtracking matcher, the methods with a time zone build a formatter for
 * each call, and the case of letters beyond ASCII is none of `lowerAscii`'s business. Ours go by the same name with this in front.
 */
export const OURS = "ours_";
const REPLACED: ReadonlySet<string> = new Set(["matches", "lowerAscii", "upperAscii"]);
const ZONED = /^get[A-Z]/;

/** A language of its own: what was declared before is not known in it. */
export class CelLanguage {
  readonly #environment: Environment;
  readonly #variables: ReadonlySet<string>;

  constructor({ types, variables, functions }: CelDeclarations) {
    const environment = new Environment({
      unlistedVariablesAreDyn: false,
      homogeneousAggregateLiterals: true,
      enableOptionalTypes: false,
      limits: { maxAstNodes: LIMITS.nodes * 2, maxDepth: LIMITS.depth * 2, maxListElements: LIMITS.literalList },
    });
    for (const [name, { ctor, fields }] of Object.entries(types)) environment.registerType(name, { ctor, fields });
    for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
    // Told to be synchronous, so that no promise, which would be taken for true, is ever waited for.
    for (const [signature, handler] of Object.entries(functions)) {
      environment.registerFunction(signature, handler, { async: false });
    }
    this.#environment = environment;
    this.#variables = new Set(Object.keys(variables));
  }

  /** Reads `source`; an error says why it is no expression. */
  parse(source: string): Result<CelRule, string> {
    try {
      const parsed = this.#environment.parse(source);
      replaceMethods(parsed.ast);
      return ok({
        tree: () => readNode(parsed.ast, source),
        check: () => {
          const { valid, type, error } = parsed.check();
          if (!valid) return err(summaryOf(error));
          this.#readDirectly(parsed.ast);
          return ok(type ?? "dyn");
        },
        run: (variables) => parsed(variables),
      });
    } catch (error) {
      if (error instanceof ParseError) return err(summaryOf(error));
      throw error;
    }
  }

  /**
   * Has fields of variables read from the value itself. The library looks their class and type up each time, which takes as long as
   * the rest of a rule; whoever gives the values answers for their types.
   */
  #readDirectly(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#readDirectly(item);
    if (!isNode(value)) return;
    this.#readDirectly(value.args);
    if (value.op !== "." || !Array.isArray(value.args)) return;
    const [holder, field] = value.args;
    // The name that a macro binds is none of a variable: that was refused.
    if (!isNode(holder) || holder.op !== "id" || !this.#variables.has(String(holder.args))) return;
    const variable = String(holder.args);
    value.setMeta("evaluate", (_evaluator: unknown, node: ErrorLocation, context: Context) => {
      const read = context.getValue(variable)?.[field];
      if (read === undefined) throw new EvaluationError({ code: "no_such_key", message: "no such key", node });
      return read;
    });
  }
}

/** The part of the library's contexts that is read here. */
interface Context {
  getValue(name: string): Readonly<Record<string, unknown>> | undefined;
}

/** Why an evaluation failed, in words without any value of the call. */
export function failureOf(error: unknown, source: string): string {
  if (!(error instanceof EvaluationError)) return "the evaluation broke off";
  const words = FAILURES[error.code] ?? error.code.replaceAll("_", " ");
  // A place is a part of the rule as it was written, never of what it was evaluated on.
  const { range } = error;
  return range === undefined ? words : `${words} (at \`${source.slice(range.start, range.end)}\`)`;
}

const FAILURES: Readonly<Record<string, string>> = {
  no_such_key: "there is no such value",
  no_such_overload: "the operator does not take values of these types",
  no_matching_overload: "the function does not take values of these types",
  invalid_logical_operand: "an operand is neither true nor false",
};

function summaryOf(error: unknown): string {
  const text = error instanceof Error && "summary" in error ? String(error.summary) : String(error);
  const whole = text
    .replaceAll(OURS, "")
    .replaceAll(TIMESTAMP, "timestamp")
    .replaceAll("google.protobuf.Duration", "duration");
  return whole.charAt(0).toLowerCase() + whole.slice(1);
}

/** A node of the library's, as far as it is read here. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly checkedType?: { readonly name: string };
  setMeta(key: "evaluate", evaluate: unknown): unknown;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

/** Gives calls the names of our own methods. The parts of macros are the same nodes, so that these are reached as well. */
function replaceMethods(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) replaceMethods(item);
  if (!isNode(value)) return;
  replaceMethods(value.args);
  if (value.op !== "rcall" || !Array.isArray(value.args)) return;
  const [name, , args] = value.args;
  const isZoned = ZONED.test(name) && Array.isArray(args) && args.length === 1;
  if (REPLACED.has(name) || isZoned) value.args[0] = OURS + name;
}

function readNode(value: unknown, source: string): Expression {
  if (!isNode(value)) throw new TypeError("the library's tree is not what it was");
  const { op, args, start, end } = value;
  const place: Place = { start, end, type: value.checkedType?.name ?? "unknown" };
  const read = (part: unknown) => readNode(part, source);
  const list = Array.isArray(args) ? args : [];
  switch (op) {
    case "value":
      return isScalar(args) ? { kind: "literal", value: args, ...place } : { kind: "refused", what: "bytes", ...place };
    case "id":
      return { kind: "name", name: String(args), ...place };
    case ".":
      return { kind: "field", of: read(list[0]), field: String(list[1]), ...place };
    case "[]":
      return { kind: "index", of: read(list[0]), index: read(list[1]), ...place };
    case "call":
      return { kind: "call", name: String(list[0]), receiver: null, args: list[1].map(read), ...place };
    case "rcall": {
      const name = String(list[0]).replace(OURS, "");
      return { kind: "call", name, receiver: read(list[1]), args: list[2].map(read), ...place };
    }
    case "list":
      return { kind: "list", items: list.map(read), ...place };
    case "map":
      return { kind: "refused", what: "a map", ...place };
    case "!_":
    case "-_":
      return { kind: "operator", op: op.charAt(0), operands: [read(args)], ...place };
    default:
      return { kind: "operator", op, operands: list.map(read), ...place };
  }
}

function isScalar(value: unknown): value is string | number | bigint | boolean | null {
  return value === null || ["string", "number", "bigint", "boolean"].includes(typeof value);
}
