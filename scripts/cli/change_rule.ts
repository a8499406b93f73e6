import type { Difference } from "./config_tree.ts";

/** What a change does to who may do what: `changes` where that cannot be told from the setting alone. */
export type Effect = "opens" | "closes" | "changes";

export type Judge = (difference: Difference) => Effect;

/** What is known of one setting. */
export interface ChangeRule {
  /** Members from the root; `*` is any one name. */
  readonly at: readonly string[];
  readonly effect: Judge;
  /** It says something of a setting that comes or goes, too. */
  readonly ofWhole?: true;
  /** It says the same of everything within. */
  readonly andWithin?: true;
  readonly text?: (difference: Difference, name: string) => string;
}
