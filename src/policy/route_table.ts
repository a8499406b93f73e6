import type { RoutePattern } from "./route_pattern.ts";

/** A route as the table needs it. */
export interface TableEntry<R> {
  readonly pattern: RoutePattern;
  readonly methods: readonly string[];
  readonly route: R;
}

export type RouteMatch<R> =
  | { readonly kind: "matched"; readonly route: R; readonly parameters: Readonly<Record<string, string>> }
  | { readonly kind: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly kind: "not_found" };

interface Leaf<R> {
  readonly methods: Map<string, TableEntry<R>>;
}

interface Node<R> {
  readonly literals: Map<string, Node<R>>;
  parameter: Node<R> | null;
  /** Routes that end here. */
  leaf: Leaf<R> | null;
  /** Routes that take whatever follows. */
  rest: Leaf<R> | null;
}

/**
 * Routes as a tree of segments, so that a look-up costs the path's length and not the number of routes. At each
 * segment literal text beats a parameter, which beats `*`: the most specific path wins, and only then is its method asked
 * for. A broader route never answers for a method that the more specific one does not list.
 */
export class RouteTable<R> {
  readonly #root: Node<R> = newNode();

  constructor(entries: readonly TableEntry<R>[]) {
    for (const entry of entries) this.#add(entry);
  }

  /** The route for `method` on the decoded `segments`. HEAD is answered by GET's route. */
  match(method: string, segments: readonly string[]): RouteMatch<R> {
    const leaf = find(this.#root, segments, 0);
    if (leaf === null) return { kind: "not_found" };
    const entry = leaf.methods.get(method) ?? (method === "HEAD" ? leaf.methods.get("GET") : undefined);
    if (entry === undefined) return { kind: "method_not_allowed", allow: allowed(leaf) };
    return { kind: "matched", route: entry.route, parameters: parametersOf(entry.pattern, segments) };
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
  return { literals: new Map(), parameter: null, leaf: null, rest: null };
}

function literalChild<R>(node: Node<R>, text: string): Node<R> {
  const child = node.literals.get(text) ?? newNode<R>();
  node.literals.set(text, child);
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

function find<R>(node: Node<R>, segments: readonly string[], at: number): Leaf<R> | null {
  const segment = segments[at];
  if (segment === undefined) return node.leaf;
  const literal = node.literals.get(segment);
  const byLiteral = literal === undefined ? null : find(literal, segments, at + 1);
  if (byLiteral !== null) return byLiteral;
  const byParameter = node.parameter === null || segment === "" ? null : find(node.parameter, segments, at + 1);
  return byParameter ?? node.rest;
}

function allowed<R>(leaf: Leaf<R>): string[] {
  const methods = new Set(leaf.methods.keys());
  if (methods.has("GET")) methods.add("HEAD");
  return [...methods].sort();
}

function parametersOf(pattern: RoutePattern, segments: readonly string[]): Readonly<Record<string, string>> {
  const found: [string, string][] = [];
  for (const [index, segment] of pattern.entries()) {
    if (segment.kind === "parameter") found.push([segment.name, segments[index] ?? ""]);
  }
  return Object.fromEntries(found);
}
