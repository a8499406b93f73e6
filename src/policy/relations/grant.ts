import { type CheckRun, readNodes, type Unknown } from "./check_run.ts";
import { bucketOf, nodeText } from "./node.ts";
import type { Rewrite } from "./rewrite.ts";
import type { RelationTuple } from "./terms.ts";

/** More buckets than this are not listed: the answer stands until anything changes. */
const MAX_BUCKETS = 64;

/**
 * The tuples that together make `root` hold, which it does, and the buckets that this stands on. Where nobody had to be absent from
 * anything, only those tuples' own: whatever else changes can take nothing away.
 */
export function grantOf(
  run: CheckRun,
  root: Unknown,
): { readonly path: readonly RelationTuple[]; readonly reads: readonly number[] | null } {
  const walk: Walk = { run, path: [], seen: new Set(), excludes: false };
  follow(walk, root);
  const reads = walk.excludes ? readsOf(run, root) : few(walk.path.map((tuple) => bucketOf(nodeText(tuple))));
  return { path: walk.path, reads };
}

/** Buckets of all that was read for `root`; null for too many. */
export function readsOf(run: CheckRun, root: Unknown): readonly number[] | null {
  const seen = new Set<Unknown>([root]);
  const nodes = new Set<string>();
  for (const unknown of seen) {
    if (unknown.isRead) for (const node of readNodes(unknown)) nodes.add(node);
    for (const { needs } of run.needs(unknown.definition.rewrite, unknown)) seen.add(needs);
  }
  return few([...nodes].map(bucketOf));
}

interface Walk {
  readonly run: CheckRun;
  readonly path: RelationTuple[];
  readonly seen: Set<Unknown>;
  excludes: boolean;
}

function follow(walk: Walk, unknown: Unknown): void {
  if (walk.seen.has(unknown)) return;
  walk.seen.add(unknown);
  const { object, relation, subject } = unknown;
  // A set is in itself: that needs no tuple.
  if (subject.relation === relation && subject.id === object.id && subject.type === object.type) return;
  along(walk, unknown.definition.rewrite, unknown);
}

/** Goes the first way that was open when `unknown` was found to hold: those before it lead no way back. */
function along(walk: Walk, rewrite: Rewrite, unknown: Unknown): void {
  const { run, path } = walk;
  const isOpen = (part: Rewrite) => run.holds(part, unknown, unknown.heldAt);
  switch (rewrite.kind) {
    case "or": {
      const way = rewrite.of.find(isOpen);
      if (way !== undefined) along(walk, way, unknown);
      return;
    }
    case "and":
      for (const part of rewrite.of) along(walk, part, unknown);
      return;
    case "but_not":
      walk.excludes = true;
      along(walk, rewrite.of, unknown);
      return;
    default: {
      const { object, relation, subject } = unknown;
      if (rewrite.kind === "direct" && unknown.isStated) {
        path.push({ object, relation, subject });
        return;
      }
      for (const { tuple, needs } of run.needs(rewrite, unknown)) {
        if (needs.heldAt === 0 || needs.heldAt >= unknown.heldAt) continue;
        if (tuple !== null) path.push(tuple);
        follow(walk, needs);
        return;
      }
    }
  }
}

function few(buckets: readonly number[]): readonly number[] | null {
  const distinct = [...new Set(buckets)];
  return distinct.length > MAX_BUCKETS ? null : distinct;
}
