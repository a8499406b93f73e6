import type { z } from "zod/mini";

/**
 * What is wrong with a part of the configuration, where the schema has no words of its own for it. The library's English knows every kind of
 * value that there is, which the authorizer would carry along.
 */
export function schemaText(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `Invalid input: expected ${issue.expected}, received ${kindOf(issue.input)}`;
    case "invalid_value":
      return `Invalid ${issue.values.length === 1 ? "input: expected" : "option: expected one of"} ${issue.values.map(quoted).join("|")}`;
    case "too_small":
      return `Too small: expected ${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)}`;
    case "too_big":
      return `Too big: expected ${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)}`;
    case "invalid_format":
      return issue.pattern === undefined ? `Invalid ${issue.format}` : `Invalid string: must match ${issue.pattern}`;
    case "unrecognized_keys":
      return `Unrecognized key: ${issue.keys.map(quoted).join(", ")}`;
    case "invalid_key":
      return "Invalid key";
    default:
      return "Invalid input";
  }
}

function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " items" : "";
}

/** As JSON calls it; `nothing` for what is missing. */
function kindOf(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
