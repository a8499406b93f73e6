import { Outage } from "../kernel/outage.ts";
import type { RouteTable } from "../policy/route_table.ts";
import type { ExternalDecisions } from "../ports/external_decisions.ts";
import type { MetadataAnswer } from "../ports/resource_metadata.ts";
import { authorize } from "./authorize.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { Call, GateRoute, RightsGate, RightsRoute, RouteCredential } from "./gate.ts";
import type { Refusal } from "./refusal.ts";
import { decidesByBody, type RouteAction } from "./route_action.ts";

/** A route of what is tried: what decides who may use it, and nothing that a call would be charged or changed by. */
export type ShadowRoute = RightsRoute & Pick<GateRoute, "isPublic" | "deprecation">;

/** What is tried beside what runs. */
export interface ShadowGate {
  /** A snapshot's hash, or `rules`. */
  readonly tried: string;
  readonly routes: RouteTable<ShadowRoute>;
}

export interface Verdict {
  /** `allow`, or the reason of a refusal. */
  readonly effect: string;
  /** Ids of rules, as the log has them. */
  readonly rules: readonly string[];
}

/** No credential that would open the route was proven. */
export const UNPROVEN = "unauthenticated";

/** What a live decision says of the rights of a caller; null where something else ended the call before they were asked for. */
export function liveEffect(refusal: Refusal | null): string | null {
  switch (refusal?.kind) {
    // What is asked behind the rights: they were there.
    case undefined:
    case "quota_exceeded":
    case "credits_exhausted":
    case "captcha_required":
      return "allow";
    case "not_found":
    case "method_not_allowed":
    case "gone":
    case "insufficient_scope":
    case "forbidden":
    case "permission_missing":
    case "denied":
    case "step_up":
    case "resource_unread":
      return refusal.reason;
    case "unauthenticated":
    case "invalid_credential":
    case "expired_token":
      return UNPROVEN;
    default:
      return null;
  }
}

/** Whose call it is: a credential that the live gate proved, or nobody's; `unknown` where it looked at none that came. */
export type ShadowCaller = CredentialEntry | "nobody" | "unknown";

/**
 * What `shadow` decides on a call of `caller`; by the same code as the gate, from what is in memory. Null where that
 * does not do: the body would have to be read, or an origin or the issuer asked. Charges nothing, writes nothing.
 */
export async function shadowVerdict(
  shadow: ShadowGate,
  caller: ShadowCaller,
  call: Call,
  gate: RightsGate,
): Promise<Verdict | null> {
  const match = shadow.routes.match(call.method, call.segments);
  if (match.kind !== "matched") return refused(match.kind === "not_found" ? "no_route" : "no_method");
  const { route } = match;
  if (route.deprecation !== null && route.deprecation.sunsetMs <= call.nowMs) return refused("past_sunset");
  if (route.isPublic) return { effect: "allow", rules: [] };
  if (caller === "unknown") return null;
  if (caller === "nobody" || !route.credentials.includes(kindOf(caller))) return refused(UNPROVEN);
  const trace = { rules: [] as readonly string[], failures: null };
  try {
    const judged = await authorize(route, caller, call, gate, null, trace);
    if (judged.ok) return decidesByBody(route.action) ? null : { effect: "allow", rules: trace.rules };
    return judged.error.kind === "unavailable" ? null : { effect: judged.error.reason, rules: trace.rules };
  } catch (error) {
    // What is tried must not be the reason for anything: whatever goes wrong with it is undecided.
    if (error instanceof NotInMemory || error instanceof Outage) return null;
    throw error;
  }
}

function nobody(): Promise<never> {
  return Promise.reject(new NotInMemory());
}

/** In the place of decision points of others: nobody else is asked for what is only tried. */
export const NOBODY_ELSE: ExternalDecisions = { permits: nobody };

/** `action` as it is asked in shadow: of what is in memory alone. */
export function fromMemoryAlone(action: RouteAction): RouteAction {
  const { metadata, relations } = action;
  return {
    ...action,
    metadata: metadata && {
      goesOnWithout: false,
      cache: { known: (id, nowMs): MetadataAnswer | undefined => metadata.cache.known(id, nowMs), fetch: nobody },
    },
    relations:
      relations &&
      ((principal, relationCall) => {
        const known = relations(principal, relationCall);
        return { known: (check) => known.known(check), resolve: nobody };
      }),
  };
}

/** Something would have to be fetched. */
class NotInMemory extends Error {
  override readonly name = "NotInMemory";
}

function refused(effect: string): Verdict {
  return { effect, rules: [] };
}

function kindOf({ principal, isSession }: CredentialEntry): RouteCredential {
  if (isSession === true) return "session";
  if (principal.kind !== "api_key") return "bearer";
  return principal.publishable ? "publishable_key" : "secret_key";
}
