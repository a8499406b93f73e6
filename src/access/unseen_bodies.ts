import type { Call, GateRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";
import { decidesByBody } from "./route_action.ts";

/**
 * Why a call cannot go on where somebody else carries it out: what the route promises of bodies would hold for nobody. Known before anything is taken
 * for the call, so that nobody pays for what was never to be had there.
 */
export function unseenBodies({ action, contracts }: GateRoute, call: Call): Refusal | null {
  if (call.isPassedOnHere) return null;
  // No setting lets a call pass that nobody has decided on.
  if (!decidesByBody(action)) {
    // HEAD is held to what GET is.
    const hasContract = contracts?.has(call.method === "HEAD" ? "GET" : call.method) === true;
    if (!hasContract || call.takesUnseenBodies) return null;
  }
  return { kind: "bodies_not_seen", reason: "bodies_not_seen" };
}
