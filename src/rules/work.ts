import { boundName, type CallExpression, type Expression, isMacro, partsOf, pathOf } from "./expression.ts";
import { LIMITS } from "./limits.ts";

/**
 * What evaluating a condition may cost in the worst case, told before anything is evaluated: bounds of what goes in times what is done with
 * it. The bounds are kept at evaluation, so that nobody has to count.
 */
interface Estimate {
  /** Steps of some 50 ns. */
  readonly work: number;
  /** Characters at most, where it is a text. */
  readonly text: number;
  /** Elements at most, where it is a list. */
  readonly list: number;
  /** Values that stand in it at most: what comparing it takes. */
  readonly values: number;
}

const SCALAR: Estimate = { work: 1, text: 0, list: 0, values: 1 };
const IN_BODY: Estimate = { work: 1, text: LIMITS.bodyText, list: LIMITS.bodyList, values: LIMITS.bodyValues };
/** Steps of one look at a relation that is in memory. */
const RELATION = 20;
const CIDR = 20;
const ZONED = 20;
/** Characters that one step goes over: compared, searched, and matched or changed. */
const COMPARED = 64;
const CHANGED = 16;

type Scope = ReadonlyMap<string, Estimate>;

/** Steps that `tree`, which passed the type check, may take at most. */
export function worstWork(tree: Expression): number {
  return estimate(tree, new Map()).work;
}

function estimate(tree: Expression, scope: Scope): Estimate {
  switch (tree.kind) {
    case "refused":
      return SCALAR;
    case "literal":
      return { ...SCALAR, text: typeof tree.value === "string" ? tree.value.length : 0 };
    case "name":
      return { ...(scope.get(tree.name) ?? SCALAR), work: 1 };
    case "field":
    case "index":
      return part(tree, scope);
    case "list": {
      const items = tree.items.map((item) => estimate(item, scope));
      return {
        work: sum(items, "work") + 1,
        text: most(items, "text"),
        list: items.length,
        values: sum(items, "values"),
      };
    }
    case "operator":
      return operation(
        tree.op,
        tree.operands.map((operand) => estimate(operand, scope)),
      );
    case "call":
      return isMacro(tree) ? macro(tree, scope) : call(tree, scope);
  }
}

/** A field or an element: its bounds go by its type, and in a body by what bodies are bounded by. */
function part(tree: Expression, scope: Scope): Estimate {
  const work =
    sum(
      partsOf(tree).map((inner) => estimate(inner, scope)),
      "work",
    ) + 1;
  if (tree.type === "dyn") return { ...IN_BODY, work };
  const path = pathOf(tree);
  const isName = path !== null && path.length === 2 && !scope.has(path[0] ?? "");
  const isList = tree.type.startsWith("list<");
  const text = tree.type.includes("string") ? LIMITS.text : 0;
  // What was made of a body, such as the result of `map`, is as large as a body.
  const list = isList ? (isName ? LIMITS.list : LIMITS.bodyList) : 0;
  return { work, text, list, values: Math.max(1, list) };
}

function operation(op: string, operands: readonly Estimate[]): Estimate {
  const work = sum(operands, "work") + 1;
  const least = (key: "text" | "values") => Math.min(...operands.map((operand) => operand[key]));
  const [first = SCALAR, second = SCALAR] = operands;
  switch (op) {
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return { ...SCALAR, work: work + least("text") / COMPARED + least("values") };
    case "in":
      return { ...SCALAR, work: work + second.list * first.values };
    case "+":
      return {
        work: work + sum(operands, "text") / COMPARED + sum(operands, "list"),
        text: sum(operands, "text"),
        list: sum(operands, "list"),
        values: sum(operands, "values"),
      };
    case "?":
    case "?:":
      return { work, text: most(operands, "text"), list: most(operands, "list"), values: most(operands, "values") };
    default:
      return { ...SCALAR, work };
  }
}

function call({ name, receiver, args }: CallExpression, scope: Scope): Estimate {
  const inputs = (receiver === null ? args : [receiver, ...args]).map((input) => estimate(input, scope));
  const work = sum(inputs, "work") + 2;
  const text = inputs[0]?.text ?? 0;
  switch (name) {
    case "can":
      return { ...SCALAR, work: work + RELATION * Math.max(1, Math.min(inputs[2]?.list ?? 1, LIMITS.list)) };
    case "inCidr":
      return { ...SCALAR, work: work + CIDR * Math.max(1, inputs[1]?.list ?? 1) };
    case "matches":
      return { ...SCALAR, work: work + LIMITS.matchedText / CHANGED };
    case "size":
    case "int":
    case "double":
    case "timestamp":
      return { ...SCALAR, work: work + text / CHANGED };
    case "string":
    case "lowerAscii":
    case "upperAscii":
    case "trim":
    case "substring":
      return { work: work + text / CHANGED, text: Math.max(text, 32), list: 0, values: 1 };
    case "object":
    case "has":
    case "permitted":
      return { ...SCALAR, work };
    default:
      return { ...SCALAR, work: work + text / COMPARED + ZONED };
  }
}

/** The receiver once, and what is done with an element for each. */
function macro(tree: CallExpression, scope: Scope): Estimate {
  const over = tree.receiver === null ? SCALAR : estimate(tree.receiver, scope);
  const name = boundName(tree) ?? "";
  const isBody = tree.receiver?.type === "dyn" || tree.receiver?.type === "list" || tree.receiver?.type === "list<dyn>";
  const element = isBody ? IN_BODY : { ...SCALAR, text: over.text };
  const steps = tree.args.slice(1).map((inner) => estimate(inner, new Map([...scope, [name, element]])));
  const work = over.work + over.list * (sum(steps, "work") + 1);
  const result = tree.name === "map" ? (steps.at(-1) ?? SCALAR) : element;
  const isList = tree.name === "map" || tree.name === "filter";
  return isList ? { work, text: result.text, list: over.list, values: over.list * result.values } : { ...SCALAR, work };
}

function sum(estimates: readonly Estimate[], key: keyof Estimate): number {
  return estimates.reduce((total, one) => total + one[key], 0);
}

function most(estimates: readonly Estimate[], key: keyof Estimate): number {
  return Math.max(0, ...estimates.map((one) => one[key]));
}
