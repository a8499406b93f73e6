import type { z } from "zod";
import { err, ok, type Result } from "../kernel/result.ts";
import { type FieldFault, invalidFields, type ManagingFault } from "../managing/management.ts";

/** More than anybody reads; a body of wrong items must not become an answer many times its size. */
const MOST_FAULTS = 20;
const LONGEST_NAME = 100;

type Issue = z.core.$ZodIssue;

const REQUIRED = "is required";

/** `value` as `schema` reads it, or the fields that are wrong. */
export function parseFields<T>(schema: z.ZodType<T>, value: unknown): Result<T, ManagingFault> {
  // JSON has no undefined, so undefined means that a member is missing: better told than as a wrong type.
  const error = (issue: { readonly input?: unknown }) => (issue.input === undefined ? REQUIRED : undefined);
  const parsed = schema.safeParse(value, { error });
  return parsed.success ? ok(parsed.data) : err(invalidFields(fieldFaults(parsed.error.issues)));
}

/**
 * The schema's issues as one list of fields (dotted, `body` for the whole) and reasons. Unknown members are named one by
 * one. Reasons never quote a value: it may be a secret in the wrong place.
 */
function fieldFaults(issues: readonly Issue[]): readonly FieldFault[] {
  return issues.flatMap(faultsOf).slice(0, MOST_FAULTS);
}

function faultsOf(issue: Issue): readonly FieldFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ field: fieldName([...issue.path, key]), reason: "is not known here" }));
  }
  return [{ field: fieldName(issue.path), reason: reasonOf(issue) }];
}

function reasonOf(issue: Issue): string {
  if (issue.message === REQUIRED) return REQUIRED;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${article(issue.expected)}`;
    case "invalid_value":
      return `must be one of: ${issue.values.join(", ")}`;
    case "too_big":
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case "too_small":
      return `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case "custom":
      return issue.message;
    default:
      return "has the wrong form";
  }
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " items long" : "";
}

function article(expected: string): string {
  return /^[aeio]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.length === 0 ? "body" : path.map(String).join(".").slice(0, LONGEST_NAME);
}
