import { logEvent, logFault } from "../http/log.ts";
import type { BreakerPhase } from "../limits/breaker.ts";

/** What is left alone: an origin, an issuer that is asked, what is asked about resources, or a decision point of others. */
type BrokenThing =
  | { readonly origin: string }
  | { readonly issuer: string }
  | { readonly metadata: string }
  | { readonly external: string };

/** Tells operators that something is left alone, tried out, or used again: `what` names it. */
export function logBreaker(phase: BreakerPhase, what: BrokenThing): void {
  switch (phase) {
    case "open":
      logFault("breaker_opened", what);
      break;
    case "half_open":
      logEvent("breaker_half_open", what);
      break;
    case "closed":
      logEvent("breaker_closed", what);
      break;
  }
}
