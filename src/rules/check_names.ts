import { didYouMean } from "../kernel/nearest.ts";
import { literalFaults } from "./check_literals.ts";
import { boundName, type CallExpression, type Expression, isMacro, partsOf } from "./expression.ts";
import type { RuleLanguage } from "./language.ts";

const FUNCTIONS = [
  "can",
  "permitted",
  "object",
  "inCidr",
  "has",
  "size",
  "int",
  "double",
  "string",
  "timestamp",
  "duration",
];
const METHODS = [
  ..."all exists exists_one filter map size contains startsWith endsWith matches lowerAscii upperAscii trim".split(" "),
  ..."substring indexOf lastIndexOf getFullYear getMonth getDate getDayOfMonth getDayOfWeek getHours".split(" "),
  ..."getMinutes getSeconds getMilliseconds".split(" "),
];

/** What `tree` names that is not there, and what it may not say; every fault, in words. */
export function nameFaults(tree: Expression, language: RuleLanguage): string[] {
  const faults = new Set<string>();
  visit(tree, new Set(), language, (fault) => faults.add(fault));
  return [...faults];
}

function visit(
  tree: Expression,
  bound: ReadonlySet<string>,
  language: RuleLanguage,
  tell: (fault: string) => void,
): void {
  const { fields } = language;
  switch (tree.kind) {
    case "refused":
      tell(`${tree.what} has no use in a rule`);
      return;
    case "name":
      if (!bound.has(tree.name) && !Object.hasOwn(fields, tree.name)) tell(unknownName(tree.name, fields));
      return;
    case "field":
      if (tree.of.kind === "name" && !bound.has(tree.of.name)) tellField(tree.of.name, tree.field, language, tell);
      break;
    case "index":
      if (tree.of.kind === "name" && !bound.has(tree.of.name))
        tell(`\`${tree.of.name}[..]\`: write \`${tree.of.name}.name\``);
      break;
    case "call":
      visitCall(tree, bound, language, tell);
      return;
  }
  for (const part of partsOf(tree)) visit(part, bound, language, tell);
}

function visitCall(
  call: CallExpression,
  bound: ReadonlySet<string>,
  language: RuleLanguage,
  tell: (fault: string) => void,
): void {
  const known = call.receiver === null ? FUNCTIONS : METHODS;
  if (!known.includes(call.name)) {
    const what = call.receiver === null ? "function" : "method";
    tell(`there is no ${what} \`${call.name}\`${didYouMean(call.name, known)}`);
  }
  for (const fault of literalFaults(call, language)) tell(fault);
  const name = boundName(call);
  if (isMacro(call) && (name === null || bound.has(name) || Object.hasOwn(language.fields, name))) {
    tell(`\`${call.name}\` binds a name of its own for each element`);
  }
  const inside = name === null ? bound : new Set([...bound, name]);
  if (call.receiver !== null) visit(call.receiver, bound, language, tell);
  for (const part of partsOf(call)) if (part !== call.receiver) visit(part, inside, language, tell);
}

function tellField(
  name: string,
  field: string,
  { fields: all, type }: RuleLanguage,
  tell: (fault: string) => void,
): void {
  const fields = Object.hasOwn(all, name) ? all[name] : undefined;
  if (fields === undefined || Object.hasOwn(fields, field)) return;
  const whose = name === "resource" ? `\`resource\` of type \`${type}\`` : `\`${name}\``;
  tell(`${whose} has no \`${field}\`${didYouMean(field, Object.keys(fields))}`);
}

function unknownName(name: string, fields: RuleLanguage["fields"]): string {
  return `there is no \`${name}\`${didYouMean(name, Object.keys(fields))}`;
}
