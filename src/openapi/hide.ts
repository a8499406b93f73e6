import { type ExactJson, type ExactObject, isExactArray, isExactObject } from "../kernel/exact_json.ts";
import type { ResourceRef } from "../policy/decision_facts.ts";
import { type FieldQuestion, type FieldRights, isGranted, questionsOf } from "../policy/field_grants.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { TooComplex } from "./judge.ts";
import { propertyNodes } from "./object_checks.ts";
import { resourcesOf } from "./resource_mark.ts";
import { everyInPlace, type Judging, reachableFrom, type SchemaNode } from "./schema_node.ts";

/** What is left of a value; `changed` tells whether something is gone. */
interface Shown {
  readonly value: ExactJson;
  readonly changed: boolean;
}

/** What a caller sees of a value: some or nothing of it, or what has to be known first. */
export type Showing =
  | ({ readonly kind: "shown" } & Shown)
  | { readonly kind: "nothing" }
  | { readonly kind: "wants"; readonly questions: readonly FieldQuestion[] };

/** For whom a value is shown, and what of it. */
export interface Hiding {
  readonly rights: FieldRights;
  readonly judge: Judging;
  /** Whether the value fits its schema. Where not, whatever any branch hides is hidden. */
  readonly isFitting: boolean;
}

/** The schemas of one value: those that hold for it, and all that would hide something of it, also where they do not fit. */
interface Schemas {
  readonly holding: readonly SchemaNode[];
  readonly hiding: Iterable<SchemaNode>;
}

/** What the steps of one filtering have in common. */
interface Context extends Hiding {
  /** The resource that the value is of: none, its own, or all that the call is about. */
  readonly resources: readonly ResourceRef[];
  /** What has to be known first, each once. Once there is any, what is shown is thrown away. */
  readonly questions: Map<string, FieldQuestion>;
}

/** Questions that the items of one response may ask. Larger lists are for pages. */
export const MAX_QUESTIONS = 500;
const GONE = Symbol("gone");

/**
 * What is shown of `value`, which has `root` as its schema. A part is shown where a schema that holds for it declares it and none hides it,
 * nor hides another spelling of its name; in case of doubt it is hidden.
 */
export function shownTo(root: SchemaNode, value: ExactJson, hiding: Hiding): Showing {
  const questions = new Map<string, FieldQuestion>();
  const context = { ...hiding, resources: hiding.rights.resources, questions };
  const shown = show(value, { holding: [root], hiding: [] }, context);
  if (questions.size > 0) return { kind: "wants", questions: [...questions.values()] };
  return shown === GONE ? { kind: "nothing" } : { kind: "shown", ...shown };
}

function show(value: ExactJson, schemas: Schemas, context: Context): Shown | typeof GONE {
  const { judge, isFitting } = context;
  const holding = schemas.holding.flatMap((node) => holdingWith(node, value, judge));
  if (holding.length === 0) return GONE;
  const hiding = new Set<SchemaNode>();
  for (const node of [...schemas.holding, ...schemas.hiding]) everyInPlace(node, hiding);
  judge.spend(1 + hiding.size);
  // A branch that does not fit hides parts by name, but not the value, which is of another kind.
  const certain = isFitting ? [...schemas.hiding].flatMap((node) => holdingWith(node, value, judge)) : [...hiding];
  const resources = resourcesOf(value, holding, hiding, context.resources);
  const within = resources === context.resources ? context : { ...context, resources };
  if ([...holding, ...certain].some((node) => isHidden(node, within))) return GONE;
  if (isExactArray(value)) return showItems(value, { holding, hiding }, within);
  return isExactObject(value) ? showMembers(value, { holding, hiding }, within) : { value, changed: false };
}

function isHidden({ visibleTo, writeOnly }: SchemaNode, { rights, resources, questions }: Context): boolean {
  if (writeOnly) return true;
  if (visibleTo === null) return false;
  const granted = isGranted(visibleTo, rights, resources);
  if (granted !== undefined) return !granted;
  // As if it were granted: so that what is asked for below it becomes known at once.
  for (const question of questionsOf(visibleTo.relations, rights, resources)) {
    questions.set(JSON.stringify([question.resource.type, question.resource.id, question.relation]), question);
    if (questions.size > MAX_QUESTIONS) throw new TooComplex();
  }
  return false;
}

function showMembers(object: ExactObject, schemas: Schemas, context: Context): Shown {
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

function showItems(items: readonly ExactJson[], schemas: Schemas, context: Context): Shown {
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
export function hidesAnything(root: SchemaNode): boolean {
  return [...reachableFrom([root])].some(({ writeOnly, visibleTo }) => writeOnly || visibleTo !== null);
}
