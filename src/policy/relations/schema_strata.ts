import { err, ok, type Result } from "../../kernel/result.ts";
import { type Drafts, definitionKey, type SchemaFault, takesOf } from "./draft.ts";
import type { Rewrite } from "./rewrite.ts";

/** What a relation is made of, and whether "but not" stands before it. */
interface Need {
  readonly key: string;
  readonly excluded: boolean;
}

/**
 * The stratum of each relation: at least that of all it is made of, and above that of all it excludes by. Refuses a relation that
 * excludes somebody by itself, on whatever way: "who is not blocked is blocked" has no answer.
 */
export function strataOf(drafts: Drafts): Result<ReadonlyMap<string, number>, SchemaFault> {
  const needs = new Map<string, { readonly at: string; readonly of: readonly Need[] }>();
  for (const [type, relations] of drafts) {
    for (const [relation, rewrite] of relations) {
      const of = [...needsOf(drafts, type, rewrite, false)];
      needs.set(definitionKey(type, relation), { at: `${type}.${relation}`, of });
    }
  }
  const strata = new Map<string, number>([...needs.keys()].map((key) => [key, 0]));
  // Without such a circle nobody is raised above the number of relations.
  for (let changed = true; changed; ) {
    changed = false;
    for (const [key, { at, of }] of needs) {
      const least = Math.max(0, ...of.map((need) => (strata.get(need.key) ?? 0) + (need.excluded ? 1 : 0)));
      if (least <= (strata.get(key) ?? 0)) continue;
      if (least > needs.size)
        return err({ at, reason: "leads back to itself through a `but not`: it would hold where it does not" });
      strata.set(key, least);
      changed = true;
    }
  }
  return ok(strata);
}

function* needsOf(drafts: Drafts, type: string, rewrite: Rewrite, excluded: boolean): Generator<Need> {
  switch (rewrite.kind) {
    case "direct":
      for (const { type: taken, relation } of rewrite.takes)
        if (relation !== null) yield { key: definitionKey(taken, relation), excluded };
      return;
    case "same":
      yield { key: definitionKey(type, rewrite.relation), excluded };
      return;
    case "through": {
      const parent = drafts.get(type)?.get(rewrite.parent);
      for (const target of parent === undefined ? [] : takesOf(parent))
        yield { key: definitionKey(target.type, rewrite.relation), excluded };
      return;
    }
    case "or":
    case "and":
      for (const part of rewrite.of) yield* needsOf(drafts, type, part, excluded);
      return;
    case "but_not":
      yield* needsOf(drafts, type, rewrite.of, excluded);
      yield* needsOf(drafts, type, rewrite.except, true);
  }
}
