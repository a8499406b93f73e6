/**
 * Proves the house's order: rooms import only what the table allows, nothing imports in a circle (types count), no
 * file is too long, and no log is told what was thrown in words that nobody chose. Owns the list of what is checked; the table is in layers/rooms.ts.
 */
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findCycles, type ImportGraph } from "./layers/cycles.ts";
import { directionFault, resolveImport } from "./layers/direction.ts";
import { type Import, readImports } from "./layers/imports.ts";
import { logTextFaults } from "./layers/log_texts.ts";
import { roomOf } from "./layers/rooms.ts";
import { sizeFault } from "./layers/sizes.ts";

const HOUSE = ["sallyport.config.ts", "sallyport.openapi.ts", "sallyport.policy.ts", "src/**/*.ts", "src/**/*.tsx"];
const SIZED = [...HOUSE, "src/**/*.sql", "scripts/**/*.{ts,mjs}", "test/**/*.{ts,tsx}", "*.{ts,mjs}"];

function list(root: string, patterns: readonly string[]): readonly string[] {
  const found = patterns.flatMap((pattern) => globSync(pattern, { cwd: root }));
  return [...new Set(found.map((path) => path.replaceAll("\\", "/")))].sort();
}

function importFaults(path: string, imports: readonly Import[], root: string): readonly string[] {
  if (roomOf(path) === null) return [`${path}: belongs to no room; the table in scripts/layers/rooms.ts names them`];
  return imports.flatMap((one) => {
    const target = resolveImport(path, one.specifier);
    const at = `${path}:${one.line}`;
    const fault = directionFault(path, one);
    if (fault !== null) return [`${at}: ${fault}`];
    const missing = target !== null && !existsSync(join(root, target));
    return missing ? [`${at}: imports ${target}, which is not there (name the file with its extension)`] : [];
  });
}

function graphOf(imports: ReadonlyMap<string, readonly Import[]>): ImportGraph {
  const graph = new Map<string, readonly string[]>();
  for (const [path, list] of imports) {
    graph.set(
      path,
      list.flatMap((one) => resolveImport(path, one.specifier) ?? []),
    );
  }
  return graph;
}

/** Every fault of the tree at `root`, one line each, in the order of the files. Empty when the house is in order. */
export function checkTree(root: string): readonly string[] {
  const house = list(root, HOUSE);
  const imports = readImports(root, house);
  const sizes = list(root, SIZED).flatMap((path) => {
    const fault = sizeFault(readFileSync(join(root, path), "utf8"));
    return fault === null ? [] : [`${path}: ${fault}`];
  });
  const texts = house.flatMap((path) => logTextFaults(path, readFileSync(join(root, path), "utf8")));
  return [
    ...house.flatMap((path) => importFaults(path, imports.get(path) ?? [], root)),
    ...findCycles(graphOf(imports)).map((circle) => `${circle[0]}: imports itself in a circle: ${circle.join(" -> ")}`),
    ...texts,
    ...sizes,
  ];
}

if (import.meta.main) {
  const faults = checkTree(join(import.meta.dirname, ".."));
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) {
    console.error(`\n${faults.length} faults against the order of rooms.`);
    process.exitCode = 1;
  }
}
