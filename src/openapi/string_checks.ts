import { linearPatternFault } from "../kernel/linear_pattern.ts";
import { FORMATS, formatTest } from "./formats.ts";
import type { Check } from "./schema_node.ts";
import type { SchemaTerms } from "./schema_terms.ts";

/** What a schema says of texts (JSON Schema Validation 6.3), and of values by `format`. Lengths are in code points. */
export function stringChecks(terms: SchemaTerms): Check[] {
  return [...lengthChecks(terms), ...patternCheck(terms), ...formatCheck(terms)];
}

function lengthChecks(terms: SchemaTerms): Check[] {
  const checks: Check[] = [];
  const most = terms.count("maxLength");
  const least = terms.count("minLength");
  if (most !== null) {
    checks.push(
      (value, judge) =>
        typeof value !== "string" ||
        // A code point is one or two units: only a text between both readings has to be counted.
        value.length <= most ||
        (value.length <= most * 2 && codePoints(value) <= most) ||
        judge.fault("maxLength", `must have at most ${most} characters`),
    );
  }
  if (least !== null) {
    checks.push(
      (value, judge) =>
        typeof value !== "string" ||
        value.length >= least * 2 ||
        (value.length >= least && codePoints(value) >= least) ||
        judge.fault("minLength", `must have at least ${least} characters`),
    );
  }
  return checks;
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function patternCheck(terms: SchemaTerms): Check[] {
  const source = terms.text("pattern");
  const pattern = source === null ? null : safePattern(source, (reason) => terms.fault("pattern", reason));
  if (pattern === null) return [];
  return [
    (value, judge) => {
      if (typeof value !== "string") return true;
      judge.spend(1 + value.length);
      return pattern.test(value) || judge.fault("pattern", "does not match the pattern");
    },
  ];
}

/** The regular expression of `source`, null (with a fault) where matching it could take long. */
export function safePattern(source: string, fault: (reason: string) => void): RegExp | null {
  const reason = linearPatternFault(source);
  if (reason === null) return new RegExp(source, "u");
  fault(reason);
  return null;
}

function formatCheck(terms: SchemaTerms): Check[] {
  const format = terms.text("format");
  if (format === null) return [];
  const test = formatTest(format);
  if (test === undefined) terms.fault("format", `is not checked here: only ${FORMATS.join(", ")} are`);
  if (test === undefined || test === null) return [];
  return [(value, judge) => test(value) || judge.fault("format", `is not a valid ${format}`)];
}
