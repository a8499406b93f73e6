/** Which files each file imports, by path. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

interface Walk {
  readonly graph: ImportGraph;
  readonly done: Set<string>;
  readonly path: string[];
  readonly cycles: string[][];
}

function visit(walk: Walk, file: string): void {
  const at = walk.path.indexOf(file);
  if (at >= 0) {
    walk.cycles.push([...walk.path.slice(at), file]);
    return;
  }
  if (walk.done.has(file)) return;
  walk.path.push(file);
  for (const next of walk.graph.get(file) ?? []) visit(walk, next);
  walk.path.pop();
  walk.done.add(file);
}

/**
 * Circles of imports, each as the files on its way with the first one repeated at the end. Every tangle shows at least
 * one of its circles; mend that and run again.
 */
export function findCycles(graph: ImportGraph): readonly (readonly string[])[] {
  const walk: Walk = { graph, done: new Set(), path: [], cycles: [] };
  for (const file of graph.keys()) visit(walk, file);
  return walk.cycles;
}
