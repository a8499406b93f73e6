import type { SignalKind } from "../limits/signals.ts";
import type { SignalWatch } from "./signal_watch.ts";

export type SignalAction = "log" | "challenge" | "deny";

/** What a route does about what is out of the ordinary for its callers. */
export interface RouteSignals {
  readonly watch: SignalWatch;
  readonly actions: Readonly<Record<SignalKind, SignalAction>>;
  /** Whether a call waits to know what is raised, and is denied where that cannot be learnt. */
  readonly denyUnknown: boolean;
}
