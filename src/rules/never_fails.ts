import { type Expression, partsOf, pathOf } from "./expression.ts";

/** What every call has, whatever is known of it. */
const ALWAYS_THERE: ReadonlySet<string> = new Set([
  ...["principal.id", "principal.kind", "action.id", "action.type", "action.name", "env.time"],
]);
const TOTAL_OPERATORS: ReadonlySet<string> = new Set(["&&", "||", "!", "?:", "==", "!=", "<", "<=", ">", ">=", "in"]);
const TOTAL_METHODS: ReadonlySet<string> = new Set(["startsWith", "endsWith", "contains"]);

/**
 * Whether `tree`, which passed the type check, has a value for whatever facts there are. Where that does not show at once, it is taken to
 * fail at times: nothing but speed depends on it.
 */
export function neverFails(tree: Expression): boolean {
  if (tree.type === "dyn") return false;
  switch (tree.kind) {
    case "literal":
      return true;
    case "name":
      return tree.name === "principal";
    case "field":
      return ALWAYS_THERE.has(pathOf(tree)?.join(".") ?? "");
    case "list":
      return tree.items.every(neverFails);
    case "operator":
      return TOTAL_OPERATORS.has(tree.op) && tree.operands.every(neverFails);
    case "call": {
      const isTotal = tree.receiver === null ? tree.name === "permitted" : isTotalMethod(tree.name, tree.args);
      return isTotal && partsOf(tree).every(neverFails);
    }
    default:
      return false;
  }
}

/** A time zone that is written out was found when the rule was checked. */
function isTotalMethod(name: string, args: readonly Expression[]): boolean {
  return TOTAL_METHODS.has(name) || (/^get[A-Z]/.test(name) && args.every(({ kind }) => kind === "literal"));
}
