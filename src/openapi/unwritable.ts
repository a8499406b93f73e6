import type { Cuts } from "../kernel/cut_members.ts";
import { type ExactJson, type ExactObject, isExactArray, isExactObject } from "../kernel/exact_json.ts";
import { type FieldRights, isGranted } from "../policy/field_grants.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { MAX_FAULTS, type ValueFault, valueFault } from "./judge.ts";
import { propertyNodes } from "./object_checks.ts";
import { hasResourcesWithin } from "./resource_mark.ts";
import {
  everyInPlace,
  inPlace,
  isOneWay,
  type Judging,
  type PartName,
  partsOf,
  reachableFrom,
  type SchemaNode,
} from "./schema_node.ts";

/** What a body does to what is not in it: replaces all that stood there, all but members of objects, or nothing. */
export type Replacing = "all" | "merged" | "nothing";

/** By whom a body is sent, and what becomes of what the sender may not write. */
export interface Writing {
  readonly rights: FieldRights;
  readonly judge: Pick<Judging, "spend">;
  readonly replacing: Replacing;
  /** How many steps into the body its resources stand. */
  readonly resourceDepth: number;
  /** Whether members that may not be written go, with those that nobody may write; else they are faults. */
  readonly drops: boolean;
}

/** What of a body its sender may not write. */
export interface Unwritable {
  /** Why it is refused; empty where it is not. */
  readonly faults: readonly ValueFault[];
  /** What is to be cut from it; null for nothing. */
  readonly cuts: Cuts | null;
  /** The same for the log. */
  readonly dropped: readonly ValueFault[];
}

/**
 * The rights of a sender to a body with the schema `root`. Relations are to the resource of the call: a body that may hold others, or that is said
 * to be one of another type, gets none by them, for whatever it says of itself is its sender's word.
 */
export function rightsToBody(root: SchemaNode, rights: FieldRights): FieldRights {
  const { resources } = rights;
  if (resources.length === 0) return rights;
  const types = [...everyInPlace(root)].flatMap((node) => node.resource?.type ?? []);
  const isOther = types.some((type) => resources.some((one) => one.type !== type)) || hasResourcesWithin(root);
  return isOther ? { ...rights, resources: [] } : rights;
}

/** Whether `rights` allow to send a value with the schema `node`, whichever of its branches is meant. */
export function mayWrite(node: SchemaNode, rights: FieldRights): boolean {
  return allWritable(everyInPlace(node), rights);
}

/**
 * What of `value`, which has `root` as its schema, its sender may not write. A part is restricted where any schema that is tried on it says so,
 * also one of a branch that does not fit, and also under another spelling of its name: in case of doubt it is not written. What would
 * be lost with what a value replaces counts as written.
 */
export function unwritableIn(root: SchemaNode, value: ExactJson, writing: Writing): Unwritable {
  const walk = new Walk(root, writing);
  const cuts = walk.visit(value, everyInPlace(root), []);
  return { faults: walk.faults, cuts, dropped: walk.dropped };
}

class Walk {
  readonly faults: ValueFault[] = [];
  readonly dropped: ValueFault[] = [];
  readonly #writing: Writing;
  readonly #root: SchemaNode;
  /** Made where something is replaced. */
  #closed: ReadonlySet<SchemaNode> | null = null;

  constructor(root: SchemaNode, writing: Writing) {
    this.#root = root;
    this.#writing = writing;
  }

  /** `nodes` are all schemas that are tried on `value`. */
  visit(value: ExactJson, nodes: ReadonlySet<SchemaNode>, path: readonly PartName[]): Cuts | null {
    this.#writing.judge.spend(1 + nodes.size);
    if (this.#replaces(value, path.length) && this.#losesBelow(nodes)) {
      this.#tell(this.faults, path, "would replace what the caller may not write");
      return null;
    }
    if (isExactArray(value)) return this.#items(value, nodes, path);
    return isExactObject(value) ? this.#members(value, nodes, path) : null;
  }

  /** Whether `value` takes the place of something that was there. A PUT does that where its resources stand, and so with all that is in them. */
  #replaces(value: ExactJson, depth: number): boolean {
    const { replacing, resourceDepth } = this.#writing;
    if (replacing === "all") return depth === resourceDepth;
    return replacing === "merged" && depth >= resourceDepth && !isExactObject(value);
  }

  #members(object: ExactObject, nodes: ReadonlySet<SchemaNode>, path: readonly PartName[]): Cuts | null {
    const cuts: Record<string, Cuts | null> = Object.create(null);
    for (const [name, member] of Object.entries(object)) {
      const { direct, isDeclared } = this.#memberNodes(name, nodes);
      const part = [...path, { name, isDeclared }];
      const all = expanded(direct);
      const below = this.#isKept(direct, all, part) ? this.visit(member, all, part) : "gone";
      if (below !== null) cuts[name] = below === "gone" ? null : below;
    }
    return Object.keys(cuts).length === 0 ? null : cuts;
  }

  /** Whether a member goes on; one that does not is told of. */
  #isKept(direct: readonly SchemaNode[], all: ReadonlySet<SchemaNode>, part: readonly PartName[]): boolean {
    const { rights, drops } = this.#writing;
    const isWritable = allWritable(all, rights);
    // Without dropping, what only may be read is a fault of the schema's own.
    if (isWritable && !(drops && direct.some((node) => isOneWay(node, "readOnly")))) return true;
    if (drops) this.#tell(this.dropped, part, "is dropped");
    else this.#tell(this.faults, part, NOT_YOURS);
    return !drops;
  }

  #items(items: readonly ExactJson[], nodes: ReadonlySet<SchemaNode>, path: readonly PartName[]): Cuts | null {
    const cuts: Record<string, Cuts | null> = Object.create(null);
    for (const [index, item] of items.entries()) {
      const all = expanded([...nodes].flatMap(({ prefixItems, items: others }) => prefixItems[index] ?? others ?? []));
      const part = [...path, { name: String(index), isDeclared: true }];
      // Nothing is dropped from a list: what stands behind it would move.
      if (!allWritable(all, this.#writing.rights)) {
        this.#tell(this.faults, part, NOT_YOURS);
        continue;
      }
      const below = this.visit(item, all, part);
      if (below !== null) cuts[index] = below;
    }
    return Object.keys(cuts).length === 0 ? null : cuts;
  }

  #memberNodes(name: string, nodes: ReadonlySet<SchemaNode>): { direct: SchemaNode[]; isDeclared: boolean } {
    const lenient = lenientName(name);
    const spellings = new Set([name, lenient, lenient.toUpperCase()]);
    const direct = new Set<SchemaNode>();
    let isDeclared = false;
    for (const node of nodes) {
      const { patternProperties, lenientProperties } = node;
      this.#writing.judge.spend(1 + patternProperties.length * (1 + name.length));
      const own = propertyNodes(node, name);
      isDeclared ||= own.isDeclared;
      for (const one of [...own.nodes, ...(lenientProperties.get(lenient) ?? [])]) direct.add(one);
      for (const [pattern, one] of patternProperties) {
        if ([...spellings].some((spelling) => pattern.test(spelling))) direct.add(one);
      }
    }
    return { direct: [...direct], isDeclared };
  }

  #losesBelow(nodes: ReadonlySet<SchemaNode>): boolean {
    this.#closed ??= closedNodes(this.#root, this.#writing.rights);
    const closed = this.#closed;
    return [...nodes].some((node) => partsOf(node).some((part) => closed.has(part)));
  }

  #tell(faults: ValueFault[], path: readonly PartName[], detail: string): void {
    if (faults.length < MAX_FAULTS) faults.push(valueFault(path, "x-sallyport-writable-by", detail));
  }
}

const NOT_YOURS = "may not be written by this caller";

/** The schemas that `root` leads to and with which, or below which, something is not for a caller with `rights` to write. */
function closedNodes(root: SchemaNode, rights: FieldRights): ReadonlySet<SchemaNode> {
  const reached = reachableFrom([root]);
  const closed = new Set([...reached].filter((node) => !allWritable([node], rights)));
  const inward = [...reached].reverse();
  for (let before = -1; before !== closed.size; ) {
    before = closed.size;
    for (const node of inward)
      if ([...inPlace(node), ...partsOf(node)].some((next) => closed.has(next))) closed.add(node);
  }
  return closed;
}

function expanded(direct: Iterable<SchemaNode>): ReadonlySet<SchemaNode> {
  const all = new Set<SchemaNode>();
  for (const node of direct) everyInPlace(node, all);
  return all;
}

function allWritable(nodes: Iterable<SchemaNode>, rights: FieldRights): boolean {
  for (const { writableBy } of nodes) {
    if (writableBy !== null && isGranted(writableBy, rights, rights.resources) !== true) return false;
  }
  return true;
}
