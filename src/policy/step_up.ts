import type { EnvironmentFacts } from "./decision_facts.ts";

/** How the person must have proven who they are (RFC 9470 §3). */
export interface StepUp {
  /** One of these; any when empty. */
  readonly acrValues: readonly string[];
  /** How long ago at most, in seconds; null for any time. */
  readonly maxAgeSeconds: number | null;
}

/** How far an issuer's clock may be ahead of ours, in seconds. Beyond that its `auth_time` says nothing. */
const MAX_AHEAD_SECONDS = 60;

/** Seconds since the person proved who they are; null where that is unknown, or said to lie in the future. */
export function authenticationAge(env: EnvironmentFacts): number | null {
  if (env.authTimeSeconds === null) return null;
  const age = Math.floor(env.nowMs / 1000) - env.authTimeSeconds;
  return age < -MAX_AHEAD_SECONDS ? null : Math.max(0, age);
}

/** Whether the call's authentication is as strong and as fresh as `demand` asks. What is unknown is neither. */
export function isSteppedUp(demand: StepUp, env: EnvironmentFacts): boolean {
  const { acrValues, maxAgeSeconds } = demand;
  if (acrValues.length > 0 && (env.acr === null || !acrValues.includes(env.acr))) return false;
  if (maxAgeSeconds === null) return true;
  const age = authenticationAge(env);
  return age !== null && age <= maxAgeSeconds;
}

/** One demand that whoever meets it meets both, as far as their `acr` values have one in common. */
export function bothDemands(first: StepUp, second: StepUp): StepUp {
  return {
    acrValues: commonAcr(first.acrValues, second.acrValues),
    maxAgeSeconds: leastAge(first.maxAgeSeconds, second.maxAgeSeconds),
  };
}

/** Nothing in common: one after the other, the first one first. */
function commonAcr(first: readonly string[], second: readonly string[]): readonly string[] {
  if (first.length === 0) return second;
  const common = first.filter((acr) => second.includes(acr));
  return common.length > 0 ? common : first;
}

function leastAge(first: number | null, second: number | null): number | null {
  if (first === null || second === null) return first ?? second;
  return Math.min(first, second);
}
