import { momentOf } from "../kernel/timestamp.ts";
import type { AttributeType } from "../policy/attribute_type.ts";
import type { AttributeValue } from "../policy/decision_facts.ts";
import { LIMITS } from "./limits.ts";
import { RuleInputError } from "./rule_input.ts";

/** What an attribute is to a rule. Throws `RuleInputError` where it is not of its type, or too large: `what` names it. */
export type AttributeReader = (value: AttributeValue, what: string) => unknown;

/** How attributes of `type` are read. */
export function attributeReader(type: AttributeType): AttributeReader {
  const item = ITEMS[type.startsWith("list<") ? type.slice("list<".length, -1) : type];
  if (item === undefined) throw new TypeError(`no attribute is of type ${type}`);
  if (!type.startsWith("list<")) return item;
  return (value, what) => {
    if (!Array.isArray(value)) throw mismatch(what);
    if (value.length > LIMITS.list) throw new RuleInputError(`${what} has more than ${LIMITS.list} elements`);
    return value.map((element) => item(element, what));
  };
}

/** Names, such as roles, as a rule sees them. */
export function namesOf(names: readonly string[], what: string): readonly string[] {
  if (names.length > LIMITS.list) throw new RuleInputError(`${what} has more than ${LIMITS.list} elements`);
  return names;
}

const ITEMS: Readonly<Record<string, AttributeReader>> = {
  string: (value, what) => {
    if (typeof value !== "string") throw mismatch(what);
    if (value.length > LIMITS.text) throw new RuleInputError(`${what} is longer than ${LIMITS.text} characters`);
    return value;
  },
  // A number of JSON is a double: beyond 2^53 two of them may be one.
  int: (value, what) => {
    if (typeof value !== "number" || !Number.isSafeInteger(value)) throw mismatch(what);
    return BigInt(value);
  },
  double: (value, what) => {
    if (typeof value !== "number" || !Number.isFinite(value)) throw mismatch(what);
    return value;
  },
  bool: (value, what) => {
    if (typeof value !== "boolean") throw mismatch(what);
    return value;
  },
  timestamp: (value, what) => {
    const atMs = typeof value === "string" ? momentOf(value) : null;
    if (atMs === null) throw mismatch(what);
    return new Date(atMs);
  },
};

function mismatch(what: string): RuleInputError {
  return new RuleInputError(`${what} is not of the type that is declared for it`);
}
