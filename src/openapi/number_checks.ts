import type { ExactJson } from "../kernel/exact_json.ts";
import type { Check } from "./schema_node.ts";
import type { SchemaTerms } from "./schema_terms.ts";

/** What a schema says of numbers (JSON Schema Validation 6.2). Comparisons of a bigint with a double are exact in JavaScript. */
export function numberChecks(terms: SchemaTerms): Check[] {
  const checks: Check[] = [];
  const bound = (keyword: string, words: string, holds: (value: number | bigint, limit: number) => boolean) => {
    const limit = terms.number(keyword);
    if (limit === null) return;
    const detail = `must be ${words} ${limit}`;
    checks.push((value, judge) => !isNumber(value) || holds(value, limit) || judge.fault(keyword, detail));
  };
  bound("maximum", "at most", (value, limit) => value <= limit);
  bound("exclusiveMaximum", "below", (value, limit) => value < limit);
  bound("minimum", "at least", (value, limit) => value >= limit);
  bound("exclusiveMinimum", "above", (value, limit) => value > limit);
  const divisor = terms.number("multipleOf");
  if (divisor !== null && divisor <= 0) terms.fault("multipleOf", "must be above 0");
  else if (divisor !== null) {
    const unit = decimal(divisor);
    checks.push(
      (value, judge) =>
        !isNumber(value) || isMultiple(value, unit) || judge.fault("multipleOf", `must be a multiple of ${divisor}`),
    );
  }
  return checks;
}

/** Whether `value` is a number of either kind. */
export function isNumber(value: ExactJson): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** A decimal number: `digits` times ten to the power of `exponent`. */
interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** The number as its shortest decimal says it: 0.3 is a multiple of 0.1, which their doubles deny. */
function decimal(value: number | bigint): Decimal {
  const [mantissa = "", power = "0"] = String(value).split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(power) - fraction.length };
}

function isMultiple(value: number | bigint, unit: Decimal): boolean {
  if (typeof value === "number" && !Number.isFinite(value)) return false;
  const { digits, exponent } = decimal(value);
  const shared = Math.min(exponent, unit.exponent);
  const scale = (number: Decimal) => number.digits * 10n ** BigInt(number.exponent - shared);
  return scale({ digits, exponent }) % scale(unit) === 0n;
}
