import { type ExactObject, isExactObject } from "../kernel/exact_json.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { type Check, type Direction, isOneWay, type Judging, type SchemaNode } from "./schema_node.ts";
import type { SchemaTerms } from "./schema_terms.ts";

/** What a schema says of objects (JSON Schema Core 10.3.2, Validation 6.5). */
export function objectChecks(
  terms: SchemaTerms,
  node: SchemaNode,
  propertyNames: SchemaNode | null,
  direction: Direction,
): Check[] {
  return [
    ...sizeChecks(terms),
    ...requiredChecks(terms, node, direction),
    ...memberChecks(node, direction),
    ...nameChecks(propertyNames),
  ];
}

function sizeChecks(terms: SchemaTerms): Check[] {
  const checks: Check[] = [];
  const most = terms.count("maxProperties");
  const least = terms.count("minProperties");
  const size = (object: ExactObject) => Object.keys(object).length;
  if (most !== null) {
    const detail = `must have at most ${most} members`;
    checks.push((value, judge) => !isExactObject(value) || size(value) <= most || judge.fault("maxProperties", detail));
  }
  if (least !== null) {
    const detail = `must have at least ${least} members`;
    checks.push(
      (value, judge) => !isExactObject(value) || size(value) >= least || judge.fault("minProperties", detail),
    );
  }
  return checks;
}

function requiredChecks(terms: SchemaTerms, node: SchemaNode, direction: Direction): Check[] {
  // OpenAPI: what only the other side may send is not demanded of this one.
  const isDemanded = (name: string, judge: Judging) => {
    const property = node.properties.get(name);
    if (property === undefined) return true;
    return !isOneWay(property, direction === "request" ? "readOnly" : "writeOnly") && judge.demands(property);
  };
  const required = terms.names("required") ?? [];
  const missing = (object: ExactObject, names: readonly string[], keyword: string, judge: Judging) => {
    let fits = true;
    for (const name of names) {
      if (Object.hasOwn(object, name) || !isDemanded(name, judge)) continue;
      fits = judge.fault(keyword, "is missing", { name, isDeclared: true });
    }
    return fits;
  };
  const checks: Check[] = [];
  if (required.length > 0) {
    checks.push((value, judge) => !isExactObject(value) || missing(value, required, "required", judge));
  }
  for (const [name, wanted] of terms.members("dependentRequired")) {
    if (!Array.isArray(wanted) || !wanted.every((one) => typeof one === "string")) {
      terms.fault("dependentRequired", "must name lists of texts");
      continue;
    }
    checks.push(
      (value, judge) =>
        !isExactObject(value) || !Object.hasOwn(value, name) || missing(value, wanted, "dependentRequired", judge),
    );
  }
  return checks;
}

/** The nodes of one property by what the node of its object says alone, and whether it is named there. */
export function propertyNodes(node: SchemaNode, name: string): { nodes: SchemaNode[]; isDeclared: boolean } {
  const named = node.properties.get(name);
  const nodes = node.patternProperties.filter(([pattern]) => pattern.test(name)).map(([, one]) => one);
  if (named !== undefined) nodes.unshift(named);
  if (nodes.length > 0) return { nodes, isDeclared: named !== undefined };
  return { nodes: node.additionalProperties === null ? [] : [node.additionalProperties], isDeclared: false };
}

function memberChecks(node: SchemaNode, direction: Direction): Check[] {
  const { properties, patternProperties, additionalProperties } = node;
  if (properties.size === 0 && patternProperties.length === 0 && additionalProperties === null) return [];
  return [
    (value, judge) => {
      if (!isExactObject(value)) return true;
      let fits = true;
      for (const name of Object.keys(value)) {
        judge.spend(1 + patternProperties.length * (1 + name.length));
        if (memberFits(node, value, name, direction, judge)) continue;
        fits = false;
        if (!judge.isTelling) return false;
      }
      return fits;
    },
  ];
}

function memberFits(
  node: SchemaNode,
  object: ExactObject,
  name: string,
  direction: Direction,
  judge: Judging,
): boolean {
  const { nodes, isDeclared } = propertyNodes(node, name);
  const part = { name, isDeclared };
  // Servers that ignore case would take it for the declared one, whose schema it never met.
  if (direction === "request" && !isDeclared && node.lenientProperties.has(lenientName(name))) {
    return judge.fault("properties", "is another spelling of a declared name", part);
  }
  const member = object[name] ?? null;
  let fits = true;
  for (const one of nodes) {
    if (direction === "request" && isOneWay(one, "readOnly")) {
      // Whether anybody may read what no schema names is not said here.
      fits = judge.fault("readOnly", isDeclared ? "may only be read" : "may not be written", part);
    } else if (!judge.partFits(name, isDeclared, one, member)) fits = false;
  }
  return fits;
}

function nameChecks(propertyNames: SchemaNode | null): Check[] {
  if (propertyNames === null) return [];
  return [
    (value, judge) => {
      if (!isExactObject(value)) return true;
      const bad = Object.keys(value).find((name) => !judge.wouldFit(propertyNames, name));
      return (
        bad === undefined ||
        judge.fault("propertyNames", "is not a name that is allowed", { name: bad, isDeclared: false })
      );
    },
  ];
}
