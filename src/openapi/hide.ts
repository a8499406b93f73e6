import { type ExactJson, type ExactObject, isExactArray, isExactObject } from "../kernel/exact_json.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { propertyNodes } from "./object_checks.ts";
import { everyInPlace, inPlace, type Judging, partsOf, type SchemaNode } from "./schema_node.ts";

/** Who a response goes to. Roles would be one more member. */
export interface Viewer {
  readonly scopes: readonly string[];
}

/** What is left of a value; `changed` tells whether something is gone. */
export interface Shown {
  readonly value: ExactJson;
  readonly changed: boolean;
}

/** For whom a value is shown, and what of it. */
export interface Hiding {
  readonly viewer: Viewer;
  readonly judge: Judging;
  /** Whether the value fits its schema. Where not, whatever any branch hides is hidden. */
  readonly isFitting: boolean;
}

/** The schemas of one value: those that hold for it, and all that would hide something of it, also where they do not fit. */
interface Schemas {
  readonly holding: readonly SchemaNode[];
  readonly hiding: Iterable<SchemaNode>;
}

const GONE = Symbol("gone");

/**
 * What is shown of `value`, which has `root` as its schema; null where that is nothing. A part is shown where a schema that holds
 * for it declares it and none hides it, nor hides another spelling of its name; in case of doubt it is hidden.
 */
export function shownTo(root: SchemaNode, value: ExactJson, hiding: Hiding): Shown | null {
  const shown = show(value, { holding: [root], hiding: [] }, hiding);
  return shown === GONE ? null : shown;
}

function show(value: ExactJson, schemas: Schemas, context: Hiding): Shown | typeof GONE {
  const { judge, viewer, isFitting } = context;
  const holding = schemas.holding.flatMap((node) => holdingWith(node, value, judge));
  if (holding.length === 0) return GONE;
  const hiding = new Set<SchemaNode>();
  for (const node of [...schemas.holding, ...schemas.hiding]) everyInPlace(node, hiding);
  judge.spend(1 + hiding.size);
  // A branch that does not fit hides parts by name, but not the value, which is of another kind.
  const certain = isFitting ? [...schemas.hiding].flatMap((node) => holdingWith(node, value, judge)) : [...hiding];
  if ([...holding, ...certain].some((node) => isHidden(node, viewer))) return GONE;
  if (isExactArray(value)) return showItems(value, { holding, hiding }, context);
  return isExactObject(value) ? showMembers(value, { holding, hiding }, context) : { value, changed: false };
}

function isHidden({ visibleTo, writeOnly }: SchemaNode, { scopes }: Viewer): boolean {
  return writeOnly || (visibleTo !== null && !visibleTo.some((scope) => scopes.includes(scope)));
}

function showMembers(object: ExactObject, schemas: Schemas, context: Hiding): Shown {
  const members: Record<string, ExactJson> = Object.create(null);
  let changed = false;
  for (const [name, member] of Object.entries(object)) {
    const shown = show(member, memberSchemas(name, schemas, context.judge), context);
    if (shown === GONE) {
      changed = true;
      continue;
    }
    members[name] = shown.value;
    changed ||= shown.changed;
  }
  return { value: members, changed };
}

function memberSchemas(name: string, { holding, hiding }: Schemas, judge: Judging): Schemas {
  const hidingMember = new Set<SchemaNode>();
  const lenient = lenientName(name);
  for (const node of hiding) {
    judge.spend(1);
    for (const one of propertyNodes(node, name).nodes) hidingMember.add(one);
    for (const one of node.lenientProperties.get(lenient) ?? []) hidingMember.add(one);
  }
  return {
    holding: holding.flatMap((node) => (node.isOpen ? [node] : propertyNodes(node, name).nodes)),
    hiding: hidingMember,
  };
}

function showItems(items: readonly ExactJson[], schemas: Schemas, context: Hiding): Shown {
  const kept: ExactJson[] = [];
  let changed = false;
  for (const [index, item] of items.entries()) {
    const shown = show(item, itemSchemas(index, schemas, context.judge), context);
    if (shown === GONE) {
      changed = true;
      continue;
    }
    kept.push(shown.value);
    changed ||= shown.changed;
  }
  return { value: kept, changed };
}

function itemSchemas(index: number, { holding, hiding }: Schemas, judge: Judging): Schemas {
  const nodeOf = ({ prefixItems, items }: SchemaNode) => prefixItems[index] ?? items ?? [];
  const hidingItem = new Set<SchemaNode>();
  for (const node of hiding) {
    judge.spend(1);
    for (const one of [nodeOf(node)].flat()) hidingItem.add(one);
  }
  return { holding: holding.flatMap((node) => (node.isOpen ? [node] : nodeOf(node))), hiding: hidingItem };
}

/** `node` and the schemas that hold for `value` along with it. */
function holdingWith(node: SchemaNode, value: ExactJson, judge: Judging): SchemaNode[] {
  judge.spend(1);
  const { always, whereFitting, condition, dependent } = node;
  const next = [...always, ...whereFitting.filter((branch) => judge.wouldFit(branch, value))];
  if (condition !== null) {
    const holds = judge.wouldFit(condition.when, value);
    next.push(...(holds ? [condition.when, condition.then] : [condition.otherwise]).filter((one) => one !== null));
  }
  if (isExactObject(value)) for (const [name, branch] of dependent) if (Object.hasOwn(value, name)) next.push(branch);
  return [node, ...next.flatMap((one) => holdingWith(one, value, judge))];
}

/** Whether a value with the schema `root` can have anything that is not for all to see. */
export function hidesAnything(root: SchemaNode, seen = new Set<SchemaNode>()): boolean {
  if (seen.has(root)) return false;
  seen.add(root);
  if (root.writeOnly || root.visibleTo !== null) return true;
  return [...inPlace(root), ...partsOf(root)].some((child) => hidesAnything(child, seen));
}
