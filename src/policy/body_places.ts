import { isJsonObject } from "../kernel/strict_json.ts";
import { lenientName } from "./lenient_name.ts";

/** In a pointer: each item of a list. */
export const EACH = "*";

/** Why what stands at a pointer cannot be told. */
export type PlaceFault = "missing" | "ambiguous" | "malformed" | "too_many";

/** A value, and at which items of lists it was found. */
export interface Found {
  readonly value: unknown;
  readonly at: readonly number[];
}

/**
 * What stands in `body` at `steps`, a JSON pointer (RFC 6901) in which `*` is each item of a list: all of it, at most `most`. A part that is not there in
 * any of the items, a list with nothing in it, and a member beside which stands another one that a lenient reader takes for it
 * (`ID` beside `id`) are faults: the origin may act on what was not looked at.
 */
export function findAll(body: unknown, steps: readonly string[], most: number): readonly Found[] | PlaceFault {
  const found: Found[] = [];
  const fault = walk(body, steps, 0, [], most, found);
  return fault ?? found;
}

/** The value at `steps` with its `*`s being the items that `at` names, in their order. */
export function findAt(
  body: unknown,
  steps: readonly string[],
  at: readonly number[],
): { readonly value: unknown } | PlaceFault {
  let value = body;
  let lists = 0;
  for (const step of steps) {
    const next = step === EACH ? itemOf(value, at[lists++]) : memberOf(value, step);
    if (!next.ok) return next.fault;
    value = next.value;
  }
  return { value };
}

type Step = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly fault: PlaceFault };

function walk(
  value: unknown,
  steps: readonly string[],
  depth: number,
  at: readonly number[],
  most: number,
  found: Found[],
): PlaceFault | null {
  const step = steps[depth];
  if (step === undefined) {
    if (found.length === most) return "too_many";
    found.push({ value, at });
    return null;
  }
  if (step !== EACH) {
    const member = memberOf(value, step);
    return member.ok ? walk(member.value, steps, depth + 1, at, most, found) : member.fault;
  }
  if (!Array.isArray(value)) return "malformed";
  if (value.length === 0) return "missing";
  if (value.length > most) return "too_many";
  for (const [index, item] of value.entries()) {
    const fault = walk(item, steps, depth + 1, [...at, index], most, found);
    if (fault !== null) return fault;
  }
  return null;
}

function memberOf(value: unknown, name: string): Step {
  if (!isJsonObject(value)) return { ok: false, fault: "malformed" };
  const lenient = lenientName(name);
  if (Object.keys(value).some((other) => other !== name && lenientName(other) === lenient)) {
    return { ok: false, fault: "ambiguous" };
  }
  return Object.hasOwn(value, name) ? { ok: true, value: value[name] } : { ok: false, fault: "missing" };
}

function itemOf(value: unknown, index: number | undefined): Step {
  if (!Array.isArray(value) || index === undefined || index >= value.length) return { ok: false, fault: "malformed" };
  return { ok: true, value: value[index] };
}
