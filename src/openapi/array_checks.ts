import { canonicalJson, type ExactJson, isExactArray } from "../kernel/exact_json.ts";
import { type Check, type Direction, isOneWay, type Judging, type SchemaNode } from "./schema_node.ts";
import type { SchemaTerms } from "./schema_terms.ts";

/** What a schema says of lists (JSON Schema Core 10.3.1, Validation 6.4); `contains` is the node of that keyword. */
export function arrayChecks(
  terms: SchemaTerms,
  node: SchemaNode,
  contains: SchemaNode | null,
  direction: Direction,
): Check[] {
  const checks = [...sizeChecks(terms), ...itemChecks(node, direction)];
  if (terms.flag("uniqueItems")) {
    checks.push((value, judge) => !isExactArray(value) || isUnique(value, judge) || judge.fault("uniqueItems", TWICE));
  }
  const least = terms.count("minContains");
  const most = terms.count("maxContains");
  if (contains !== null) checks.push(containsCheck(contains, least ?? 1, most ?? Number.POSITIVE_INFINITY));
  else if (least !== null || most !== null) terms.fault("contains", "is missing beside `minContains` or `maxContains`");
  return checks;
}

const TWICE = "must not have an item twice";

function sizeChecks(terms: SchemaTerms): Check[] {
  const checks: Check[] = [];
  const most = terms.count("maxItems");
  const least = terms.count("minItems");
  if (most !== null) {
    const detail = `must have at most ${most} items`;
    checks.push((value, judge) => !isExactArray(value) || value.length <= most || judge.fault("maxItems", detail));
  }
  if (least !== null) {
    const detail = `must have at least ${least} items`;
    checks.push((value, judge) => !isExactArray(value) || value.length >= least || judge.fault("minItems", detail));
  }
  return checks;
}

function itemChecks({ prefixItems, items }: SchemaNode, direction: Direction): Check[] {
  if (prefixItems.length === 0 && items === null) return [];
  return [
    (value, judge) => {
      if (!isExactArray(value)) return true;
      let fits = true;
      for (const [index, item] of value.entries()) {
        const node = prefixItems[index] ?? items;
        if (node === null) continue;
        const part = { name: String(index), isDeclared: true };
        if (direction === "request" && isOneWay(node, "readOnly")) judge.fault("readOnly", "may only be read", part);
        else if (judge.partFits(part.name, true, node, item)) continue;
        fits = false;
        if (!judge.isTelling) return false;
      }
      return fits;
    },
  ];
}

function isUnique(items: readonly ExactJson[], judge: Judging): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const text = canonicalJson(item);
    judge.spend(1 + text.length);
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function containsCheck(contains: SchemaNode, least: number, most: number): Check {
  return (value, judge) => {
    if (!isExactArray(value)) return true;
    const found = value.filter((item) => judge.wouldFit(contains, item)).length;
    if (found < least) return judge.fault("contains", `must have at least ${least} items of one kind`);
    return found <= most || judge.fault("maxContains", `must have at most ${most} items of one kind`);
  };
}
