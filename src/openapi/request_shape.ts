import { isForNobody } from "../policy/field_grants.ts";
import type { BodyShape, RequestShape } from "./body_shape.ts";
import { WRITABLE_BY } from "./compile_schema.ts";
import { everyInPlace, reachableFrom, type SchemaNode } from "./schema_node.ts";
import { below, type DocumentFault, type GrantsAt } from "./schema_terms.ts";

const JSON_PATCH = "application/json-patch+json";

/** `shape` with what not all callers may send of it. */
export function requestShape(shape: BodyShape): RequestShape {
  const reached = shape.node === null ? [] : [...reachableFrom([shape.node])];
  return {
    ...shape,
    restricts: reached.some(({ writableBy }) => writableBy !== null),
    hasReadOnly: reached.some(({ readOnly }) => readOnly),
  };
}

/** Who may send what not everybody may send in `byType`, with the place of each saying. */
export function writableGrants(byType: ReadonlyMap<string, RequestShape>): GrantsAt[] {
  return [...reachableFrom(rootsOf(byType))].flatMap(({ at, writableBy }) =>
    writableBy === null ? [] : [{ at: below(at, WRITABLE_BY), grants: writableBy }],
  );
}

/** What restricts nobody, or everything: `schemas` are all that a request is held to, `byType` its bodies. */
export function restrictingFaults(
  byType: ReadonlyMap<string, RequestShape>,
  schemas: Iterable<SchemaNode>,
): DocumentFault[] {
  const roots = rootsOf(byType);
  const reached = reachableFrom(roots);
  return [...schemas].flatMap((node): DocumentFault[] => {
    const { writableBy } = node;
    if (writableBy === null) return [];
    const at = below(node.at, WRITABLE_BY);
    if (isForNobody(writableBy)) return [{ at, reason: "names nobody: `readOnly` is for what nobody may write" }];
    if (!reached.has(node)) {
      return [{ at, reason: "keeps nobody from anything here: what this schema is tried on is not in a body" }];
    }
    const isRoot = roots.some((root) => everyInPlace(root).has(node));
    return isRoot ? [{ at, reason: "restricts the whole body: say on the route who may call it" }] : [];
  });
}

function rootsOf(byType: ReadonlyMap<string, RequestShape>): SchemaNode[] {
  return [...byType.values()].flatMap(({ node }) => node ?? []);
}

/** Bodies of another type than those that are looked into would write what those may not. `at` is the place of the Request Body Object. */
export function bypassFaults(shapes: ReadonlyMap<string, RequestShape>, at: string): DocumentFault[] {
  if (![...shapes.values()].some(({ restricts }) => restricts)) return [];
  return [...shapes].flatMap(([name, { node }]) => {
    const place = below(at, "content", name);
    if (node === null) return [{ at: place, reason: `passes unseen what \`${WRITABLE_BY}\` restricts in other types` }];
    if (name !== JSON_PATCH) return [];
    return [
      { at: place, reason: `names what it changes in values of its own, past \`${WRITABLE_BY}\`: take merge patches` },
    ];
  });
}
