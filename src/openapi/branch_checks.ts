import { isExactObject } from "../kernel/exact_json.ts";
import type { Check, SchemaNode } from "./schema_node.ts";

/** The schemas that a schema applies to the same value, by keyword (JSON Schema Core 10.2). */
export interface Branches {
  readonly allOf: readonly SchemaNode[];
  readonly anyOf: readonly SchemaNode[];
  readonly oneOf: readonly SchemaNode[];
  readonly not: SchemaNode | null;
}

/** What those branches, and the conditions of `node`, demand. Why a branch did not fit is not told: another was to. */
export function branchChecks(node: SchemaNode, { allOf, anyOf, oneOf, not }: Branches): Check[] {
  const { condition, dependent } = node;
  const checks: Check[] = allOf.map((branch) => (value, judge) => judge.fits(branch, value));
  if (anyOf.length > 0) {
    checks.push(
      (value, judge) =>
        anyOf.some((branch) => judge.wouldFit(branch, value)) || judge.fault("anyOf", "fits none of what is allowed"),
    );
  }
  if (oneOf.length > 0) {
    checks.push((value, judge) => {
      const fitting = oneOf.filter((branch) => judge.wouldFit(branch, value)).length;
      return fitting === 1 || judge.fault("oneOf", `must fit exactly one of ${oneOf.length} kinds`);
    });
  }
  if (not !== null) {
    checks.push(
      (value, judge) => !judge.wouldFit(not, value) || judge.fault("not", "is of a kind that is not allowed"),
    );
  }
  if (condition !== null) {
    checks.push((value, judge) => {
      const branch = judge.wouldFit(condition.when, value) ? condition.then : condition.otherwise;
      return branch === null || judge.fits(branch, value);
    });
  }
  for (const [name, branch] of dependent) {
    checks.push((value, judge) => !isExactObject(value) || !Object.hasOwn(value, name) || judge.fits(branch, value));
  }
  return checks;
}
