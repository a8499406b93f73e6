import { isJsonObject } from "./strict_json.ts";

const MAX_STEPS = 8;

/** The steps of a JSON pointer (RFC 6901 §3, at least one and at most eight), or null where `text` is none. */
export function parseJsonPointer(text: string): readonly string[] | null {
  if (!text.startsWith("/") || /~(?![01])/.test(text)) return null;
  const steps = text.slice(1).split("/");
  if (steps.length > MAX_STEPS) return null;
  return steps.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** What stands at `steps` in parsed JSON: own members of objects alone; undefined where nothing does. */
export function readPointer(value: unknown, steps: readonly string[]): unknown {
  let at = value;
  for (const step of steps) {
    if (!isJsonObject(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
}
