import type { Attributes } from "../policy/decision_facts.ts";
import type { Defer } from "./edge_feed.ts";

/** What an origin tells of its resources, by their ids. Facts, never verdicts. */
export interface ResourceMetadata {
  /** What the origin says now. Throws `Outage`: nothing was learnt then. */
  fetch(id: string, nowMs: number, defer: Defer): Promise<MetadataAnswer>;
}

export type MetadataAnswer =
  | { readonly kind: "found"; readonly attributes: Attributes }
  /** There is no such resource. */
  | { readonly kind: "absent" };
