import { err, ok, type Result } from "../kernel/result.ts";
import type { RevocationView } from "../ports/edge_feed.ts";
import { authenticateApiKey } from "./authenticate_api_key.ts";
import { authenticateBearer } from "./authenticate_bearer.ts";
import { authenticateSession, forgery, type PresentedSession, presentedOrSession } from "./authenticate_session.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import { type Presented, presentedCredential } from "./credentials.ts";
import type { Call, Gate, GateRoute } from "./gate.ts";
import { presentedAtHandshake } from "./handshake.ts";
import { type Refusal, tooManyFailures } from "./refusal.ts";
import type { CachedToken } from "./token_cache.ts";
import { type Unproven, unproven } from "./unproven.ts";

/** What the decision came to know of the caller on its way: for the log, also when it ends early. */
export interface CallerTrace {
  holder: CredentialEntry | null;
}

/**
 * Proves who is calling, by exactly one credential of a kind that the route takes. Without a view of the revocations that
 * is new enough for the route nobody is proven. Throws `Outage` when the proof needs something that cannot be had.
 */
export async function authenticate(
  route: GateRoute,
  call: Call,
  gate: Gate,
  trace: CallerTrace,
): Promise<Result<CredentialEntry, Refusal>> {
  const presented = route.webSocket === null ? presentedCredential(call.header) : presentedAtHandshake(call);
  if (!presented.ok) return err({ kind: "ambiguous_credentials", reason: presented.error });
  const credential = presentedOrSession(presented.value, route, call);
  if (credential.kind === "none") return err({ kind: "unauthenticated", reason: credential.reason, route });
  const forged = credential.kind === "session" ? forgery(route, call) : null;
  if (forged !== null) return err({ kind: "cross_site", reason: forged });
  const view = await gate.revocations.view(call.nowMs, call.defer, route.toleratedStalenessMs);
  if (view === null) return err({ kind: "unavailable", reason: "edge_feed_stale" });
  const proven = await prove(credential, route, call, gate, view);
  trace.holder = proven.ok ? proven.value : proven.error.holder;
  if (proven.ok) return proven;
  const refusal = refusalOf(proven.error.reason, route, call, gate);
  const counts = refusal.kind === "invalid_credential" || proven.error.costSignature;
  if (counts) gate.failures.fail(call.address, call.nowMs);
  return err(refusal);
}

async function prove(
  presented: Exclude<Presented, { kind: "none" }> | PresentedSession,
  route: GateRoute,
  call: Call,
  gate: Gate,
  view: RevocationView,
): Promise<Result<CredentialEntry, Unproven<string>>> {
  switch (presented.kind) {
    case "bearer_malformed":
      return unproven("bearer_malformed", null);
    case "bearer":
      if (!route.credentials.includes("bearer")) return unproven("bearer_not_taken_here", null);
      return boundWhereDemanded(await authenticateBearer(presented.token, call, gate, view), route);
    case "session":
      return authenticateSession(presented.cookie, presented.session, call, gate, view);
    case "api_key": {
      const key = await authenticateApiKey(presented.key, call, gate, view);
      if (!key.ok) return key;
      const needed = key.value.record.kind === "secret" ? "secret_key" : "publishable_key";
      return route.credentials.includes(needed) ? ok(key.value) : unproven(`${needed}_not_taken_here`, key.value);
    }
  }
}

/** A token that anybody could use does not open a route that demands the opposite. */
function boundWhereDemanded<Fault extends string>(
  proven: Result<CachedToken, Unproven<Fault>>,
  { transport }: GateRoute,
): Result<CachedToken, Unproven<Fault | "token_not_bound">> {
  if (!proven.ok || transport.certificate === null || !transport.certificate.bindsToken) return proven;
  return proven.value.token.claims.confirmation === null ? unproven("token_not_bound", proven.value) : proven;
}

/** Only a token's age and an address's failures are told apart; all other faults look alike to the caller. */
function refusalOf(reason: string, route: GateRoute, call: Call, gate: Gate): Refusal {
  switch (reason) {
    case "token_expired":
      return { kind: "expired_token", reason, route };
    case "throttled":
      return tooManyFailures(gate.failures.waitSeconds(call.address, call.nowMs));
    default:
      return { kind: "invalid_credential", reason, route };
  }
}
