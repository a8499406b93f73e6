import { Outage } from "../kernel/outage.ts";
import type { Result } from "../kernel/result.ts";
import { evaluate } from "../policy/evaluate.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { proveApiKeyAgain } from "./authenticate_api_key.ts";
import { proveBearerAgain } from "./authenticate_bearer.ts";
import { authenticateSession, type PresentedSession, presentedOrSession } from "./authenticate_session.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { type Presented, presentedCredential } from "./credentials.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import { presentedAtHandshake } from "./handshake.ts";
import type { Unproven } from "./unproven.ts";

/** What a look at an old proof came to. */
export type Reproof =
  | { readonly kind: "holds" }
  /** `reason` is for the log alone. */
  | { readonly kind: "ended"; readonly reason: string }
  /** Nobody can say in time. */
  | { readonly kind: "unchecked"; readonly reason: string };

const HOLDS: Reproof = { kind: "holds" };

/**
 * Whether the credential that opened `call` on `route` opens it still, at `call.nowMs`: by its times, by the feed, by the record of a key, by the
 * connection that it is bound to, and by the route's rule, which a key may no longer meet. Costs what a warm call costs; counts no use and no
 * failure. As for a new call, a feed that is out for longer than the route bears makes that `unchecked`.
 */
export async function proveAgain(route: GateRoute, call: Call, gate: Gate): Promise<Reproof> {
  try {
    const presented = route.webSocket === null ? presentedCredential(call.header) : presentedAtHandshake(call);
    if (!presented.ok) return { kind: "ended", reason: presented.error };
    const view = await gate.revocations.view(call.nowMs, call.defer, route.toleratedStalenessMs);
    if (view === null) return { kind: "unchecked", reason: "edge_feed_stale" };
    const proven = await prove(presentedOrSession(presented.value, route, call), call, gate, view);
    if (proven === null) return { kind: "ended", reason: "no_credential" };
    if (!proven.ok) return { kind: "ended", reason: proven.error.reason };
    const decision = evaluate(route.rule, proven.value.principal);
    if (decision.effect === "allow") return HOLDS;
    return { kind: "ended", reason: decision.missing === "role" ? "role_missing" : "scope_missing" };
  } catch (error) {
    return { kind: "unchecked", reason: error instanceof Outage ? error.dependency : "internal_error" };
  }
}

function prove(
  presented: Presented | PresentedSession,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CredentialEntry, Unproven<string>>> | null {
  switch (presented.kind) {
    case "bearer":
      return proveBearerAgain(presented.token, call, gate, view);
    case "api_key":
      return proveApiKeyAgain(presented.key, call, gate, view);
    case "session":
      return authenticateSession(presented.cookie, presented.session, call, gate, view);
    case "bearer_malformed":
    case "none":
      return null;
  }
}
