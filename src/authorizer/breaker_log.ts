import { logEvent, logFault } from "../http/log.ts";
import type { BreakerPhase } from "../limits/breaker.ts";

/** Tells operators that something is left alone, tried out, or used again: `what` names it. */
export function logBreaker(phase: BreakerPhase, what: { readonly origin: string } | { readonly issuer: string }): void {
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
