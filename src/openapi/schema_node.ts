import type { ExactJson } from "../kernel/exact_json.ts";
import type { FieldGrants } from "../policy/field_grants.ts";

/** What judges a value, as the checks of a schema need it. */
export interface Judging {
  /** Whether faults are wanted. Where not, the first one decides. */
  readonly isTelling: boolean;
  /** Whether a value with the schema `node` is demanded of whoever sent the whole: what it may not write is not. */
  demands(node: SchemaNode): boolean;
  /** Charges `steps` of work; throws where there was too much of it. */
  spend(steps: number): void;
  fits(node: SchemaNode, value: ExactJson): boolean;
  /** The same without a word of why not. */
  wouldFit(node: SchemaNode, value: ExactJson): boolean;
  /** Whether the part of the value under `name` fits. */
  partFits(name: string, isDeclared: boolean, node: SchemaNode, part: ExactJson): boolean;
  /** Notes a fault of the value, or of its `part`. Always false, so that a check can end with it. */
  fault(keyword: string, detail: string, part?: PartName): false;
}

/** A step into a value; a name that no schema declares is its sender's choice. */
export interface PartName {
  readonly name: string;
  readonly isDeclared: boolean;
}

/** One assertion of a schema: whether `value` fits, telling the judge of the fault where it does not. */
export type Check = (value: ExactJson, judge: Judging) => boolean;

/** Which way a body goes: what may only be read is refused in one, what may only be written hidden in the other. */
export type Direction = "request" | "response";

/** Which resource an object is: its type, and where in it its id stands. */
export interface ResourceMark {
  readonly type: string;
  readonly id: readonly string[];
}

/**
 * A schema made ready: what it asserts, and, for hiding, what it says of the parts of a value. Nodes refer to each other in
 * circles where schemas do.
 */
export interface SchemaNode {
  /** Where it stands in its document, as a JSON pointer. */
  readonly at: string;
  checks: Check[];
  /** The schema `true`, written out: whatever is there may be shown. */
  isOpen: boolean;
  /** Who sees the value; null for all callers. */
  visibleTo: FieldGrants | null;
  /** Who may send the value; null for all callers. */
  writableBy: FieldGrants | null;
  /** Which resource the value is; null where it says nothing of that. */
  resource: ResourceMark | null;
  readOnly: boolean;
  writeOnly: boolean;
  /** Types by `type`, null where it says none. */
  types: ReadonlySet<string> | null;
  properties: ReadonlyMap<string, SchemaNode>;
  /** The same by their names as a server reads them that ignores case. */
  lenientProperties: ReadonlyMap<string, readonly SchemaNode[]>;
  patternProperties: readonly (readonly [RegExp, SchemaNode])[];
  /** Of properties that neither of those names; null where nothing is said. */
  additionalProperties: SchemaNode | null;
  prefixItems: readonly SchemaNode[];
  items: SchemaNode | null;
  /** Schemas that hold for the same value whenever this one does: `$ref` and `allOf`. */
  always: SchemaNode[];
  /** Those that hold where they fit: `anyOf`, `oneOf`. */
  whereFitting: SchemaNode[];
  /** `if` with what follows from it. */
  condition: {
    readonly when: SchemaNode;
    readonly then: SchemaNode | null;
    readonly otherwise: SchemaNode | null;
  } | null;
  /** Those that hold where the object has the property. */
  dependent: ReadonlyMap<string, SchemaNode>;
}

/** A node that asserts nothing and declares nothing. */
export function emptyNode(at: string): SchemaNode {
  return {
    at,
    checks: [],
    isOpen: false,
    visibleTo: null,
    writableBy: null,
    resource: null,
    readOnly: false,
    writeOnly: false,
    types: null,
    properties: new Map(),
    lenientProperties: new Map(),
    patternProperties: [],
    additionalProperties: null,
    prefixItems: [],
    items: null,
    always: [],
    whereFitting: [],
    condition: null,
    dependent: new Map(),
  };
}

/** The schemas for the same value that `node` leads to, whether or not they hold. */
export function inPlace(node: SchemaNode): SchemaNode[] {
  const { always, whereFitting, condition, dependent } = node;
  const conditional = condition === null ? [] : [condition.when, condition.then, condition.otherwise];
  return [...always, ...whereFitting, ...conditional.filter((one) => one !== null), ...dependent.values()];
}

/** Whether `node`, or a schema that always holds with it, says that its value may only be read, or only be written. */
export function isOneWay(node: SchemaNode, way: "readOnly" | "writeOnly"): boolean {
  return node[way] || node.always.some((one) => isOneWay(one, way));
}

/** `node` and all schemas for the same value that it leads to, added to `found`. */
export function everyInPlace(node: SchemaNode, found = new Set<SchemaNode>()): ReadonlySet<SchemaNode> {
  if (found.has(node)) return found;
  found.add(node);
  for (const one of inPlace(node)) everyInPlace(one, found);
  return found;
}

/** `roots` and all schemas that they lead to, for their values and for the parts of these. */
export function reachableFrom(roots: Iterable<SchemaNode>): ReadonlySet<SchemaNode> {
  const reached = new Set(roots);
  // A set that grows while it is gone through: each schema once, however they refer to each other.
  for (const node of reached) for (const next of [...inPlace(node), ...partsOf(node)]) reached.add(next);
  return reached;
}

/** The schemas of the parts of a value that `node` names. */
export function partsOf(node: SchemaNode): SchemaNode[] {
  const { properties, patternProperties, additionalProperties, prefixItems, items } = node;
  const named = [...properties.values(), ...patternProperties.map(([, one]) => one), ...prefixItems];
  return [...named, ...[additionalProperties, items].filter((one) => one !== null)];
}
