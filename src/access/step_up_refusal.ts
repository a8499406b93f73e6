import type { StepUp } from "../policy/step_up.ts";
import { OWN_ACR_VALUES } from "../protocol/sign_in_claims.ts";
import type { CredentialEntry } from "./credential_entry.ts";
import type { RightsGate, RightsRoute } from "./gate.ts";
import type { Refusal } from "./refusal.ts";

/**
 * What is answered where only another sign-in is missing (RFC 9470 §3). Who has nobody behind it that could sign in, and who could only come back with
 * what was not enough, is refused for good: a challenge would be asked in a circle.
 */
export function stepUpRefusal(
  stepUp: StepUp,
  { principal }: CredentialEntry,
  route: RightsRoute,
  gate: RightsGate,
): Refusal {
  const canSignIn = principal.kind === "user" && canGive(stepUp, principal.issuer, gate);
  if (canSignIn) return { kind: "step_up", reason: "step_up", stepUp, route };
  return { kind: "denied", reason: "step_up_impossible", isHidden: false };
}

/** Nobody knows what other issuers can. */
function canGive({ acrValues }: StepUp, issuer: string, { issuers }: RightsGate): boolean {
  const isOwn = issuers.get(issuer)?.isOwn === true;
  return !isOwn || acrValues.length === 0 || acrValues.some((acr) => OWN_ACR_VALUES.includes(acr));
}
