import { type CelFunction, OURS } from "./cel.ts";
import type { CallExpression, Expression } from "./expression.ts";
import type { RuleVariables } from "./variables.ts";

/**
 * A condition as functions of its own, which takes a third of what the library takes to walk its tree. It says `undefined`, or throws, wherever a value is not
 * what it should be: the library, which knows all that the language says of failures, is asked then.
 */
export type DirectCondition = (variables: RuleVariables) => unknown;

type Functions = Readonly<Record<string, CelFunction>>;
type Operator = (first: DirectCondition, second: DirectCondition) => DirectCondition;

/** `tree`, which passed the type check, as such; null where it has a part that is left to the library. `functions` are those that rules may call, by signature. */
export function directCondition(tree: Expression, functions: Functions): DirectCondition | null {
  switch (tree.kind) {
    case "literal": {
      const { value } = tree;
      return value === null ? null : () => value;
    }
    case "name":
      return VARIABLES.get(tree.name) ?? null;
    case "field":
      return tree.of.kind === "name" ? fieldOf(VARIABLES.get(tree.of.name), tree.field) : null;
    case "list":
      return listOf(tree.items);
    case "operator":
      return operation(tree.op, tree.operands, functions);
    case "call":
      return callOf(tree, functions);
    default:
      return null;
  }
}

/** Those whose fields have types. What a body is nobody knows. */
const VARIABLES: ReadonlyMap<string, (variables: RuleVariables) => object | undefined> = new Map<
  string,
  (variables: RuleVariables) => object | undefined
>([
  ["principal", ({ principal }) => principal],
  ["resource", ({ resource }) => resource],
  ["action", ({ action }) => action],
  ["env", ({ env }) => env],
]);

function fieldOf(holderOf: DirectCondition | undefined, field: string): DirectCondition | null {
  if (holderOf === undefined) return null;
  return (variables) => {
    const holder = holderOf(variables);
    return typeof holder === "object" && holder !== null ? holder[field as keyof typeof holder] : undefined;
  };
}

/** One that is the same for every call. */
function listOf(items: readonly Expression[]): DirectCondition | null {
  const values: unknown[] = [];
  for (const item of items) {
    if (item.kind !== "literal" || item.value === null) return null;
    values.push(item.value);
  }
  return () => values;
}

function operation(op: string, operands: readonly Expression[], functions: Functions): DirectCondition | null {
  const operator = OPERATORS[`${op} ${operands.map(({ type }) => type).join(" ")}`];
  const [first, second] = operands.map((operand) => directCondition(operand, functions));
  if (operator === undefined || first == null || second === null) return null;
  return operator(first, second ?? first);
}

const equal: Operator = (first, second) => (variables) => {
  const one = first(variables);
  const other = second(variables);
  return one === undefined || other === undefined ? undefined : one === other;
};
const unequal: Operator = (first, second) => (variables) => {
  const one = first(variables);
  const other = second(variables);
  return one === undefined || other === undefined ? undefined : one !== other;
};
const isIn: Operator = (item, list) => (variables) => {
  const value = item(variables);
  const values = list(variables);
  return typeof value === "string" && Array.isArray(values) ? values.includes(value) : undefined;
};
/** Of two whole numbers, as which the library compares them too. */
const compared =
  (compare: (one: bigint, other: bigint) => boolean): Operator =>
  (first, second) =>
  (variables) => {
    const one = first(variables);
    const other = second(variables);
    return typeof one === "bigint" && typeof other === "bigint" ? compare(one, other) : undefined;
  };

/** By the types of what they stand between. What decides a condition whatever else fails is for the library: here one side is asked after the other. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  "&& bool bool": (first, second) => (variables) => {
    const value = first(variables);
    return value === true ? second(variables) : value === false ? false : undefined;
  },
  "|| bool bool": (first, second) => (variables) => {
    const value = first(variables);
    return value === false ? second(variables) : value === true ? true : undefined;
  },
  "! bool": (first) => (variables) => {
    const value = first(variables);
    return typeof value === "boolean" ? !value : undefined;
  },
  ...Object.fromEntries(
    ["string", "bool", "int"].flatMap((type) => [
      [`== ${type} ${type}`, equal],
      [`!= ${type} ${type}`, unequal],
    ]),
  ),
  "in string list<string>": isIn,
  "< int int": compared((one, other) => one < other),
  "<= int int": compared((one, other) => one <= other),
  "> int int": compared((one, other) => one > other),
  ">= int int": compared((one, other) => one >= other),
};

/** A call of a function of ours; null for any of the library's. */
function callOf(
  { name, receiver, args, type }: CallExpression & Expression,
  functions: Functions,
): DirectCondition | null {
  const method = receiver === null ? name : `${receiver.type}.${OURS}${name}`;
  const called = functions[`${method}(${args.map((argument) => argument.type).join(", ")}): ${type}`];
  if (called === undefined) return null;
  const given: DirectCondition[] = [];
  for (const part of receiver === null ? args : [receiver, ...args]) {
    const direct = directCondition(part, functions);
    if (direct === null) return null;
    given.push(direct);
  }
  return (variables) => {
    const values = given.map((value) => value(variables));
    return values.includes(undefined) ? undefined : called(...values);
  };
}
