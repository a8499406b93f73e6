import type { AttributeValue } from "../policy/decision_facts.ts";
import type { FailedCondition, NamedValue } from "../policy/decision_trace.ts";
import type { CelLanguage, CelRule } from "./cel.ts";
import { boundName, type Expression, partsOf, pathOf } from "./expression.ts";
import { sourceOf } from "./part_source.ts";
import type { RuleVariables } from "./variables.ts";

/** One of the conditions that a rule joins by `&&`. */
export interface Condition {
  readonly source: string;
  readonly rule: CelRule;
  /** What it names, such as `principal.department`. */
  readonly names: readonly (readonly string[])[];
}

/** The conditions that `tree` joins by `&&`, or itself. */
export function conditionsOf(tree: Expression, source: string, cel: CelLanguage): readonly Condition[] {
  return conjuncts(tree).flatMap((part) => {
    const text = sourceOf(part, source, cel);
    const parsed = text === null ? null : cel.parse(text);
    return text === null || parsed === null || !parsed.ok
      ? []
      : [{ source: text, rule: parsed.value, names: namesIn(part) }];
  });
}

/** The first of `conditions` that is false, with what its names stand for; null where there is none. */
export function firstFalse(conditions: readonly Condition[], variables: RuleVariables): FailedCondition | null {
  for (const { source, rule, names } of conditions) {
    if (valueIfAny(() => rule.run(variables)) !== false) continue;
    return { condition: source, values: names.map((path) => namedValue(path, variables)) };
  }
  return null;
}

function conjuncts(tree: Expression): readonly Expression[] {
  return tree.kind === "operator" && tree.op === "&&" ? tree.operands.flatMap(conjuncts) : [tree];
}

/** The longest chains of names in `part` that begin with a variable. */
function namesIn(part: Expression): readonly (readonly string[])[] {
  const found = new Map<string, readonly string[]>();
  const visit = (expression: Expression, bound: ReadonlySet<string>): void => {
    const path = pathOf(expression);
    if (path !== null) {
      if (path.length > 1 && !bound.has(path[0] ?? "")) found.set(path.join("."), path);
      return;
    }
    const name = boundName(expression);
    const inside = name === null ? bound : new Set([...bound, name]);
    for (const inner of partsOf(expression)) visit(inner, inside);
  };
  visit(part, new Set());
  return [...found.values()];
}

function namedValue(path: readonly string[], variables: RuleVariables): NamedValue {
  const value = valueIfAny(() =>
    path.reduce<unknown>((holder, name) => {
      if (typeof holder !== "object" || holder === null) return undefined;
      return Reflect.get(holder, name);
    }, variables),
  );
  return { name: path.join("."), value: shown(value) };
}

/** As whoever explains is told it: scalars and short lists of them. */
function shown(value: unknown): AttributeValue | null {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.flatMap((item) => shownItem(item) ?? []);
  return shownItem(value);
}

function shownItem(value: unknown): string | number | boolean | null {
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

/** What `read` gives; undefined where it fails, which is no value. */
function valueIfAny(read: () => unknown): unknown {
  try {
    return read();
  } catch {
    return undefined;
  }
}
