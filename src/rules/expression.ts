/** A condition as it was read: every part with its place in the source. What macros expand to is not in it. */
export type Expression = ExpressionKind & Place;

export interface Place {
  /** From where to where it stands in the source; outer parentheses may be missing. */
  readonly start: number;
  readonly end: number;
  /** Its type by the type check, such as `list<string>`; `unknown` before. */
  readonly type: string;
}

type ExpressionKind =
  | { readonly kind: "literal"; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "field"; readonly of: Expression; readonly field: string }
  | { readonly kind: "index"; readonly of: Expression; readonly index: Expression }
  /** A method where there is a receiver. Of a macro such as `list.exists(x, ..)` the first argument is the name that it binds. */
  | {
      readonly kind: "call";
      readonly name: string;
      readonly receiver: Expression | null;
      readonly args: readonly Expression[];
    }
  | { readonly kind: "operator"; readonly op: string; readonly operands: readonly Expression[] }
  | { readonly kind: "list"; readonly items: readonly Expression[] }
  /** Something that conditions here have no use for. */
  | { readonly kind: "refused"; readonly what: string };

export type CallExpression = Extract<Expression, { kind: "call" }>;

/** Methods that bind a name for each element. */
const MACROS: ReadonlySet<string> = new Set(["all", "exists", "exists_one", "filter", "map"]);

/** Whether `call` goes over the elements of its receiver. */
export function isMacro(call: CallExpression): boolean {
  return call.receiver !== null && MACROS.has(call.name);
}

/** The parts that `expression` is made of, the name that a macro binds not among them. */
export function partsOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case "literal":
    case "name":
    case "refused":
      return [];
    case "field":
      return [expression.of];
    case "index":
      return [expression.of, expression.index];
    case "call": {
      const args = isMacro(expression) ? expression.args.slice(1) : expression.args;
      return expression.receiver === null ? args : [expression.receiver, ...args];
    }
    case "operator":
      return expression.operands;
    case "list":
      return expression.items;
  }
}

/** The name that a macro binds; null for any other expression. */
export function boundName(expression: Expression): string | null {
  if (expression.kind !== "call" || !isMacro(expression)) return null;
  const [first] = expression.args;
  return first?.kind === "name" ? first.name : null;
}

/** `expression` and all its parts, outermost first. */
export function* everyPart(expression: Expression): Generator<Expression> {
  yield expression;
  for (const part of partsOf(expression)) yield* everyPart(part);
}

/** `principal.department` as `["principal", "department"]`; null for what is no chain of names. */
export function pathOf(expression: Expression): readonly string[] | null {
  if (expression.kind === "name") return [expression.name];
  if (expression.kind !== "field") return null;
  const before = pathOf(expression.of);
  return before === null ? null : [...before, expression.field];
}
