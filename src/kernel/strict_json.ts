/**
 * Parses JSON and refuses what two parsers could read differently: duplicate member names (at any level, also when
 * spelled with escapes) and nesting deeper than `maxDepth`. RFC 8725 §2.4 and RFC 7515 §4 ask this of JOSE headers and
 * claims. Returns undefined when refused, so that JSON `null` stays a value.
 */
export function parseStrictJson(text: string, maxDepth = 32): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isUnambiguous(text, maxDepth) ? value : undefined;
}

/** Walks text that is known to be valid JSON; only strings and brackets matter. */
function isUnambiguous(text: string, maxDepth: number): boolean {
  const open: (Set<string> | null)[] = [];
  let expectsName = false;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "{":
      case "[":
        expectsName = text[at] === "{";
        open.push(expectsName ? new Set() : null);
        if (open.length > maxDepth) return false;
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        expectsName = open.at(-1) instanceof Set;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (expectsName && !addName(open.at(-1), text.slice(at, end + 1))) return false;
        expectsName = false;
        at = end;
        break;
      }
    }
  }
  return true;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

function addName(names: Set<string> | null | undefined, literal: string): boolean {
  const name: unknown = JSON.parse(literal);
  if (!(names instanceof Set) || typeof name !== "string" || names.has(name)) return false;
  names.add(name);
  return true;
}

/** Whether `value` is a JSON object. */
export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
