import { didYouMean } from "../kernel/nearest.ts";
import { parseAddressRange } from "../policy/address_range.ts";
import type { CallExpression, Expression } from "./expression.ts";
import type { RuleLanguage } from "./language.ts";
import { patternFault } from "./patterns.ts";
import { isTimeZone } from "./zoned_time.ts";

/** What is wrong with what `call` has written into it: relations, permissions, ranges, patterns, time zones. */
export function literalFaults(call: CallExpression, language: RuleLanguage): readonly string[] {
  const check = (call.receiver === null ? FUNCTIONS : METHODS).get(call.name);
  if (check !== undefined) return check(call.args, language);
  const [zone] = call.args;
  const isZoned = call.receiver !== null && /^get[A-Z]/.test(call.name) && zone?.kind === "literal";
  return isZoned && !isTimeZone(String(zone.value))
    ? [`\`${zone.value}\` is no time zone such as \`Europe/Berlin\``]
    : [];
}

type Check = (args: readonly Expression[], language: RuleLanguage) => readonly string[];

const FUNCTIONS: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    can: ([, relation, what], language) =>
      relation === undefined || what === undefined ? [] : relationFaults(relation, what, language),
    object: ([type], language) => typeFaults(type, language),
    permitted: ([, permission], { schema }) => {
      const text = textOf(permission);
      if (text === null) return ["`permitted` takes a permission that is written out"];
      if (schema.permissions === null || schema.permissions.has(text)) return [];
      return [`there is no permission \`${text}\`${didYouMean(text, schema.permissions)}`];
    },
    inCidr: ([, ranges]) => (ranges === undefined ? [] : rangeFaults(ranges)),
    duration: ([text]) =>
      textOf(text) === null ? ['`duration` takes a text that is written out, such as `"8h"`'] : [],
  }),
);

const METHODS: ReadonlyMap<string, Check> = new Map(
  Object.entries<Check>({
    matches: ([pattern]) => {
      const text = textOf(pattern);
      const reason = text === null ? null : patternFault(text);
      return reason === null ? [] : [`the pattern \`${text}\` ${reason}`];
    },
  }),
);

/** A relation is never chosen by what a call carries. */
function relationFaults(relation: Expression, what: Expression, language: RuleLanguage): readonly string[] {
  const name = textOf(relation);
  if (name === null) return ["`can` takes a relation that is written out"];
  const types = objectTypes(what, language);
  if (types === null) return ['`can` takes `resource`, `object("type", id)`, or a list of them'];
  return types.flatMap((type) => {
    const declared = language.schema.declaredRelations(type);
    return declared.has(name) ? [] : [`\`${type}\` has no relation \`${name}\`${didYouMean(name, declared)}`];
  });
}

/** The types of the objects that `what` stands for; null where it does not show. */
function objectTypes(what: Expression, language: RuleLanguage): readonly string[] | null {
  if (what.kind === "name") return what.name === "resource" ? [language.type] : null;
  if (what.kind === "list") {
    const types = what.items.map((item) => objectTypes(item, language));
    return types.every((type) => type !== null) ? [...new Set(types.flat())] : null;
  }
  if (what.kind !== "call") return null;
  if (what.receiver === null && what.name === "object") {
    const type = textOf(what.args[0]);
    return type === null ? null : [type];
  }
  const last = what.name === "map" ? what.args.at(-1) : undefined;
  return last === undefined ? null : objectTypes(last, language);
}

function typeFaults(type: Expression | undefined, { schema }: RuleLanguage): readonly string[] {
  const text = textOf(type);
  if (text === null) return ["`object` takes a type that is written out"];
  if (schema.resources.has(text) || schema.declaredRelations(text).size > 0) return [];
  return [`there is no type \`${text}\` of resources${didYouMean(text, schema.resources.keys())}`];
}

function rangeFaults(ranges: Expression): readonly string[] {
  const items = ranges.kind === "list" ? ranges.items : [ranges];
  return items.flatMap((item) => {
    const text = textOf(item);
    if (text === null) return ["`inCidr` takes ranges that are written out"];
    const range = parseAddressRange(text);
    if (range.ok) return [];
    const reason = range.error === "address_malformed" ? "is no range of addresses" : "has bits beyond its prefix";
    return [`\`${text}\` ${reason}`];
  });
}

function textOf(expression: Expression | undefined): string | null {
  return expression?.kind === "literal" && typeof expression.value === "string" ? expression.value : null;
}
