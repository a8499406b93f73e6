import type { Observation, RaisedSignal, SignalRules } from "../limits/signals.ts";

/** Where what is ordinary for each principal is kept. Throws `Outage`. */
export interface SignalStore {
  /** Adds what was seen of `subject`, and answers what is raised then. Waited for behind answers. */
  observe(subject: string, seen: Observation): Promise<readonly RaisedSignal[]>;
  /** What is raised of `subject`, for a call that waits for it. */
  raised(subject: string): Promise<readonly RaisedSignal[]>;
}

/** What the object that remembers one principal answers over RPC. */
export interface SignalsObject {
  /** `forgetAfterMs`: how long it remembers somebody who does not come back. */
  observe(seen: Observation, rules: SignalRules, forgetAfterMs: number): Promise<readonly RaisedSignal[]>;
  raised(): Promise<readonly RaisedSignal[]>;
}
