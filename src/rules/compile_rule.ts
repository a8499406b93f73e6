import { err, ok, type Result } from "../kernel/result.ts";
import type { RuleExpression } from "../policy/action_policy.ts";
import { nameFaults } from "./check_names.ts";
import { conditionsOf } from "./conditions.ts";
import { directCondition } from "./direct_condition.ts";
import { type Expression, everyPart, partsOf } from "./expression.ts";
import { type Folded, fold } from "./fold.ts";
import { ruleFunctions } from "./functions.ts";
import { type RuleLanguage, ruleLanguage } from "./language.ts";
import { LIMITS } from "./limits.ts";
import { neverFails } from "./never_fails.ts";
import { CelExpression, VariablesOfCall } from "./rule_expression.ts";
import type { RuleSchema } from "./rule_schema.ts";
import { worstWork } from "./work.ts";

/** A condition that can be asked, and what is known of it without asking. */
export interface CompiledRule {
  readonly expression: RuleExpression;
  /** As it was read. */
  readonly tree: Expression;
  readonly needsBody: boolean;
  readonly needsResource: boolean;
  readonly neverFails: boolean;
  /** What it comes to for every call; `varies` where that depends on the call. */
  readonly folded: Folded;
}

/**
 * Compiles conditions for one schema: one language for each type of resources, made when its first rule comes. What functions remember is
 * shared by all of them, so that more types remember no more.
 */
export class RuleCompiler {
  readonly #schema: RuleSchema;
  readonly #functions = ruleFunctions();
  readonly #languages = new Map<string, { readonly language: RuleLanguage; readonly variables: VariablesOfCall }>();

  constructor(schema: RuleSchema) {
    this.#schema = schema;
  }

  /** The condition `source` about resources of `type`; or all that is wrong with it, in words. */
  compile(source: string, type: string): Result<CompiledRule, readonly string[]> {
    if (source.length > LIMITS.source) return err([`is longer than ${LIMITS.source} characters`]);
    const { language, variables } = this.#language(type);
    const parsed = language.cel.parse(source);
    if (!parsed.ok) return err([`cannot be read: ${parsed.error}`]);
    const rule = parsed.value;
    const faults = [...sizeFaults(rule.tree()), ...nameFaults(rule.tree(), language)];
    if (faults.length > 0) return err(faults);
    const checked = rule.check();
    if (!checked.ok) return err([checked.error]);
    if (checked.value !== "bool") return err([`is of type ${checked.value}: a rule is true or false`]);
    const tree = rule.tree();
    if (worstWork(tree) > LIMITS.work)
      return err(["could take too long: lists in lists, or texts in lists, are too large"]);
    const { folded, faults: dead } = fold(tree, source, language.cel);
    if (dead.length > 0) return err(dead);
    const names = new Set([...everyPart(tree)].map((part) => (part.kind === "name" ? part.name : "")));
    const needsResource = names.has("resource");
    return ok({
      expression: new CelExpression(
        rule,
        source,
        directCondition(tree, this.#functions),
        variables,
        lazily(() => conditionsOf(tree, source, language.cel)),
      ),
      tree,
      needsBody: names.has("request"),
      needsResource,
      neverFails: !needsResource && neverFails(tree),
      folded,
    });
  }

  #language(type: string): { readonly language: RuleLanguage; readonly variables: VariablesOfCall } {
    const known = this.#languages.get(type);
    if (known !== undefined) return known;
    const language = ruleLanguage(this.#schema, type, this.#functions);
    const made = { language, variables: new VariablesOfCall(language.classes, this.#schema.ownIssuer) };
    this.#languages.set(type, made);
    return made;
  }
}

function sizeFaults(tree: Expression): string[] {
  const faults: string[] = [];
  if ([...everyPart(tree)].length > LIMITS.nodes) faults.push(`has more than ${LIMITS.nodes} parts`);
  if (depthOf(tree) > LIMITS.depth) faults.push(`has parts in each other more than ${LIMITS.depth} deep`);
  return faults;
}

/** `a && b && c` is as deep as `a && b`, although the tree is a chain. */
function depthOf(tree: Expression): number {
  const depths = partsOf(tree).map((part) => {
    const isChain = tree.kind === "operator" && part.kind === "operator" && part.op === tree.op && tree.op !== "!";
    return depthOf(part) - (isChain ? 1 : 0);
  });
  return 1 + Math.max(0, ...depths);
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
