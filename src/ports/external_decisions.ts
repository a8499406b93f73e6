import type { Defer } from "./edge_feed.ts";

/** A decision point of others: it has a say beside ours, never in its place. */
export interface ExternalDecisions {
  /**
   * Whether it permits what `question` asks, on behalf of the decision points `askers`, who asked us. Throws `Outage`: what it does not say plainly is no
   * answer.
   */
  permits(question: ExternalQuestion, nowMs: number, defer: Defer, askers?: readonly string[]): Promise<boolean>;
}

/** An access evaluation request (AuthZEN 1.0 §6.1), as plain JSON. */
export interface ExternalQuestion {
  readonly subject: ExternalEntity;
  readonly action: { readonly name: string };
  readonly resource: ExternalEntity;
  readonly context?: Readonly<Record<string, unknown>>;
}

export interface ExternalEntity {
  readonly type: string;
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}
