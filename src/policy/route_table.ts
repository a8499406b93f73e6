import { lenientName } from "./lenient_name.ts";
import type { RoutePattern } from "./route_pattern.ts";

/** A route as the table needs it. */
export interface TableEntry<R> {
  readonly pattern: RoutePattern;
  readonly methods: readonly string[];
  readonly route: R;
}

export type RouteMatch<R> =
  | { readonly kind: "matched"; readonly route: R }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found" };

interface Leaf<R> {
  readonly methods: Map<string, TableEntry<R>>;
}

interface Node<R> {
  readonly literals: Map<string, Node<R>>;
  /** The same children under their names as a lenient server reads them. */
  readonly lenient: Map<string, Node<R>[]>;
  parameter: Node<R> | null;
  /** Routes that end here. */
  leaf: Leaf<R> | null;
  /** Routes that take whatever follows. */
  rest: Leaf<R> | null;
}

/** Two routes could be meant, depending on how the origin reads the path. */
const AMBIGUOUS = Symbol("ambiguous");
type Found<R> = Leaf<R> | null | typeof AMBIGUOUS;

/**
 * Routes as a tree of segments, so that a look-up costs the path's length and not the number of routes. At each
 * segment literal text beats a parameter, which beats `*`: the most specific path wins, and only then is its method asked
 * for. A broader route never answers for a method that the more specific one does not list.
 *
 * Nor does it answer for a path that many servers take for the more specific one's: many ignore case, or one slash at
 * the end. `/files/secret/` has the verdict of `/files/secret`, never that of `/files/*`; `/files/SECRET` has none.
 */
export class RouteTable<R> {
  readonly #root: Node<R> = newNode();

  constructor(entries: readonly TableEntry<R>[]) {
    for (const entry of entries) this.#add(entry);
  }

  /** The route for `method` on the decoded `segments`. HEAD is answered by GET's route. */
  match(method: string, segments: readonly string[]): RouteMatch<R> {
    const leaf = find(this.#root, segments, 0);
    if (leaf === null || leaf === AMBIGUOUS) return { kind: "not_found" };
    const entry = leaf.methods.get(method) ?? (method === "HEAD" ? leaf.methods.get("GET") : undefined);
    if (entry === undefined) return { kind: "method_not_allowed", allow: allowed(leaf) };
    return { kind: "matched", route: entry.route };
  }

  #add(entry: TableEntry<R>): void {
    let node = this.#root;
    for (const segment of entry.pattern) {
      if (segment.kind === "rest") {
        node.rest = withMethods(node.rest, entry);
        return;
      }
      node = segment.kind === "literal" ? literalChild(node, segment.text) : parameterChild(node);
    }
    node.leaf = withMethods(node.leaf, entry);
  }
}

function newNode<R>(): Node<R> {
  return { literals: new Map(), lenient: new Map(), parameter: null, leaf: null, rest: null };
}

function literalChild<R>(node: Node<R>, text: string): Node<R> {
  const held = node.literals.get(text);
  if (held !== undefined) return held;
  const child = newNode<R>();
  node.literals.set(text, child);
  node.lenient.set(lenientName(text), [...(node.lenient.get(lenientName(text)) ?? []), child]);
  return child;
}

function parameterChild<R>(node: Node<R>): Node<R> {
  node.parameter ??= newNode<R>();
  return node.parameter;
}

function withMethods<R>(leaf: Leaf<R> | null, entry: TableEntry<R>): Leaf<R> {
  const filled = leaf ?? { methods: new Map() };
  for (const method of entry.methods) filled.methods.set(method, entry);
  return filled;
}

function find<R>(node: Node<R>, segments: readonly string[], at: number): Found<R> {
  const segment = segments[at];
  // A server that ignores a slash at the end may serve `/files` for `/files/`, or the other way round.
  if (segment === undefined) return node.leaf ?? (node.rest === null ? null : AMBIGUOUS);
  if (segment === "") return node.leaf !== null && node.rest !== null ? AMBIGUOUS : (node.leaf ?? node.rest);
  const literal = node.literals.get(segment);
  const byLiteral = literal === undefined ? byLenientName(node, segments, at) : find(literal, segments, at + 1);
  if (byLiteral !== null) return byLiteral;
  const byParameter = node.parameter === null ? null : find(node.parameter, segments, at + 1);
  return byParameter ?? node.rest;
}

/** A literal that differs in case or in compatibility forms alone is never a parameter's value nor part of a `*`. */
function byLenientName<R>(node: Node<R>, segments: readonly string[], at: number): Found<R> {
  const meant = node.lenient.size === 0 ? undefined : node.lenient.get(lenientName(segments[at] ?? ""));
  return meant?.some((child) => find(child, segments, at + 1) !== null) ? AMBIGUOUS : null;
}

function allowed<R>(leaf: Leaf<R>): string[] {
  const methods = new Set(leaf.methods.keys());
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}
