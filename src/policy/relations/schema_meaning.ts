import { type Drafts, definitionKey, type SchemaFault, takesOf } from "./draft.ts";
import { partsOf, type Rewrite } from "./rewrite.ts";
import { PRINCIPAL_TYPES } from "./terms.ts";

/** Relations that are defined by themselves, and those that nobody can ever have. Every name in `drafts` resolves. */
export function meaningFaults(drafts: Drafts): SchemaFault[] {
  const circles = circleFaults(drafts);
  return circles.length > 0 ? circles : impossibleFaults(drafts);
}

/** `viewer = editor` beside `editor = viewer`: no tuple stands between, so neither says anything of the other. */
function circleFaults(drafts: Drafts): SchemaFault[] {
  const faults: SchemaFault[] = [];
  for (const [type, relations] of drafts) {
    const told = new Set<string>();
    for (const relation of relations.keys()) {
      const circle = told.has(relation) ? null : circleFrom(relations, relation);
      if (circle === null) continue;
      for (const name of circle) told.add(name);
      faults.push({ at: `${type}.${relation}`, reason: `is defined by itself: ${[...circle, relation].join(" → ")}` });
    }
  }
  return faults;
}

/** The shortest way from `start` back to itself over relations of the same object. */
function circleFrom(relations: ReadonlyMap<string, Rewrite>, start: string): readonly string[] | null {
  const reached = new Map<string, readonly string[]>([[start, [start]]]);
  for (const [name, way] of reached) {
    const rewrite = relations.get(name);
    if (rewrite === undefined) continue;
    for (const part of partsOf(rewrite)) {
      if (part.kind !== "same") continue;
      if (part.relation === start) return way;
      if (!reached.has(part.relation)) reached.set(part.relation, [...way, part.relation]);
    }
  }
  return null;
}

/** A relation holds somewhere if it does so with every tuple there that the schema takes. Grown from nothing until nothing is added. */
function impossibleFaults(drafts: Drafts): SchemaFault[] {
  const possible = new Set<string>();
  for (let before = -1; before !== possible.size; ) {
    before = possible.size;
    for (const [type, relations] of drafts) {
      for (const [relation, rewrite] of relations) {
        if (canHold(drafts, type, rewrite, possible)) possible.add(definitionKey(type, relation));
      }
    }
  }
  return [...drafts].flatMap(([type, relations]) =>
    [...relations.keys()]
      .filter((relation) => !possible.has(definitionKey(type, relation)))
      .map((relation) => ({
        at: `${type}.${relation}`,
        reason: "nobody can ever have it: it only leads back to itself",
      })),
  );
}

function canHold(drafts: Drafts, type: string, rewrite: Rewrite, possible: ReadonlySet<string>): boolean {
  switch (rewrite.kind) {
    case "direct":
      return rewrite.takes.some(({ type: taken, relation }) =>
        relation === null
          ? drafts.has(taken) || PRINCIPAL_TYPES.some((principal) => principal === taken)
          : possible.has(definitionKey(taken, relation)),
      );
    case "same":
      return possible.has(definitionKey(type, rewrite.relation));
    case "through": {
      const parent = drafts.get(type)?.get(rewrite.parent);
      const targets = parent === undefined ? [] : takesOf(parent);
      return targets.some((target) => possible.has(definitionKey(target.type, rewrite.relation)));
    }
    case "or":
      return rewrite.of.some((part) => canHold(drafts, type, part, possible));
    case "and":
      return rewrite.of.every((part) => canHold(drafts, type, part, possible));
    case "but_not":
      return canHold(drafts, type, rewrite.of, possible);
  }
}
