import type { ResourceRef } from "../decision_facts.ts";
import { refText } from "./terms.ts";

/** One relation of one object: what tuples are stated of, read by, and announced as when they change. */
export interface TupleNode {
  readonly object: ResourceRef;
  readonly relation: string;
}

/** `type:id#relation`: one text for each node. */
export function nodeText({ object, relation }: TupleNode): string {
  return `${refText(object)}#${relation}`;
}

/**
 * How many buckets nodes share. A change ends the answers that read a node of its bucket, and few others by chance: one that read six nodes
 * outlives ten changes a second for a minute. More buckets would make every isolate's picture of the feed larger.
 */
export const NODE_BUCKETS = 4_096;

/** The bucket of a node's text (FNV-1a, 32 bits, folded). Issuer and gate have to agree on it: it is never changed. */
export function bucketOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return ((hash >>> 16) ^ hash) & (NODE_BUCKETS - 1);
}
