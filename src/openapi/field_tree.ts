import { parseJsonPointer } from "../kernel/json_pointer.ts";
import { EACH } from "../policy/body_places.ts";
import { lenientName } from "../policy/lenient_name.ts";
import { below, type DocumentFault } from "./schema_terms.ts";

/** Whom a property is for: entries as `readFieldGrants` takes them, or a word. */
export type FieldAudience = "anyone" | "nobody" | readonly string[];
/** What a caller does with a property. */
export type FieldUse = "read" | "write";
/** Whom it is for, by what is done with it. What is not said here is as for what it is a part of. */
export type FieldSayings = { readonly [use in FieldUse]?: FieldAudience | undefined };

/** One place of JSON with what is said of it, and of what is in it. */
export interface FieldPart {
  /** As a JSON pointer. */
  readonly at: string;
  said: FieldSayings;
  readonly members: Map<string, FieldPart>;
  /** Each item of a list; null where nothing is said of any. */
  items: FieldPart | null;
  /** Whether a resource stands here: what is around it has rules of its own. */
  isResource: boolean;
}

/** A part of which nothing is said yet. */
export function emptyPart(at: string): FieldPart {
  return { at, said: {}, members: new Map(), items: null, isResource: false };
}

/** The part of `root` at `steps`, made where it is not there. */
export function partAt(root: FieldPart, steps: readonly string[]): FieldPart {
  let part = root;
  for (const step of steps) {
    const next = step === EACH ? part.items : part.members.get(step);
    const made: FieldPart = next ?? emptyPart(below(part.at, step));
    if (step === EACH) part.items = made;
    else part.members.set(step, made);
    part = made;
  }
  return part;
}

/** Says `properties`, by JSON pointers in which `*` is each item of a list, of what is in `root`. Pointers that are none are left out. */
export function sayAll(root: FieldPart, properties: Readonly<Record<string, FieldSayings>>): void {
  for (const [pointer, said] of Object.entries(properties)) {
    const steps = parseJsonPointer(pointer);
    if (steps !== null) partAt(root, steps).said = said;
  }
}

/** The rules of a type of resources, as said of one. */
export function ruleTree(properties: Readonly<Record<string, FieldSayings>>): FieldPart {
  const root = emptyPart("");
  sayAll(root, properties);
  return root;
}

/** What contradicts itself in `root` and below. */
export function contradictions(root: FieldPart): DocumentFault[] {
  return [...shapeFaults(root), ...wideningFaults(root, {})];
}

/** A value is a list or an object, and a name has one spelling: a server may take either for the other. */
function shapeFaults({ at, members, items }: FieldPart): DocumentFault[] {
  const faults: DocumentFault[] = [];
  if (items !== null && members.size > 0)
    faults.push({ at, reason: "is a list (`*`) in one place, and an object in another" });
  const spellings = new Map<string, string>();
  for (const [name, part] of members) {
    const lenient = lenientName(name);
    const other = spellings.get(lenient);
    if (other !== undefined)
      faults.push({ at: part.at, reason: `is \`${other}\` to servers that ignore case: say it once` });
    spellings.set(lenient, name);
  }
  return [...faults, ...partsOf({ members, items }).flatMap(shapeFaults)];
}

/** Who does not get the whole does not get its parts: to say that they do would promise what nothing gives. */
function wideningFaults({ at, said, ...parts }: FieldPart, outer: FieldSayings): DocumentFault[] {
  const faults = (["read", "write"] as const).flatMap((use): DocumentFault[] => {
    const [wide, narrow] = [outer[use], said[use]];
    if (wide === undefined || narrow === undefined || isWithin(narrow, wide)) return [];
    return [{ at: below(at, use), reason: "is for callers whom a rule of what it is in keeps out" }];
  });
  const within = { read: said.read ?? outer.read, write: said.write ?? outer.write };
  return [...faults, ...partsOf(parts).flatMap((part) => wideningFaults(part, within))];
}

function isWithin(narrow: FieldAudience, wide: FieldAudience): boolean {
  if (wide === "anyone" || narrow === "nobody") return true;
  return typeof wide !== "string" && typeof narrow !== "string" && narrow.every((entry) => wide.includes(entry));
}

/** The parts of a part that something is said of. */
export function partsOf({ members, items }: Pick<FieldPart, "members" | "items">): readonly FieldPart[] {
  return items === null ? [...members.values()] : [...members.values(), items];
}
