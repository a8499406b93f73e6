import type { LimitPolicy, LimitState, LimitVerdict } from "./limit.ts";
import { quota } from "./quota.ts";
import { structuredInteger, structuredString } from "./structured_item.ts";

/** What a response says of its limits. */
export interface RateLimitFields {
  /** Field names and values. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Seconds for `Retry-After`: until every limit that denied can grant again; null where granted. */
  readonly retryAfterSeconds: number | null;
}

interface Line {
  readonly policy: LimitPolicy;
  readonly state: LimitState;
}

/** Which fields a response carries: the draft's two, the older three, both or none. */
export type FieldStyle = "both" | "draft" | "older" | "none";

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10 §3 and §4), and the older
 * `RateLimit-Limit`, `-Remaining` and `-Reset` in seconds, which have room for the tightest policy alone. `policies`
 * are those of the demands, in their order. No fields where there is no limit. Where policies share a name the tightest
 * stands for it, for a client could not tell them apart. Throws `RangeError` for a name that is not printable ASCII.
 */
export function rateLimitFields(
  verdict: LimitVerdict,
  policies: readonly LimitPolicy[],
  style: FieldStyle,
): RateLimitFields {
  const lines = linesOf(verdict, policies);
  const byTightness = lines.length === 1 ? lines : lines.toSorted(compareTightness);
  const [tightest] = byTightness;
  if (tightest === undefined) return { fields: [], retryAfterSeconds: null };
  const named = lines.length === 1 ? lines : lines.filter((line) => isTightestOfName(line, byTightness));
  return {
    fields: [
      ...(style === "both" || style === "draft" ? draftFields(named) : []),
      ...(style === "both" || style === "older" ? olderFields(tightest) : []),
    ],
    retryAfterSeconds: verdict.granted
      ? null
      : Math.max(1, ...lines.filter(({ state }) => !state.granted).map(({ state }) => state.resetSeconds)),
  };
}

function linesOf({ limits }: LimitVerdict, policies: readonly LimitPolicy[]): readonly Line[] {
  const lines: Line[] = [];
  for (const [index, policy] of policies.entries()) {
    const state = limits[index];
    if (state !== undefined) lines.push({ policy, state });
  }
  return lines;
}

function isTightestOfName(line: Line, byTightness: readonly Line[]): boolean {
  return byTightness.find(({ policy }) => policy.name === line.policy.name) === line;
}

function draftFields(lines: readonly Line[]): [string, string][] {
  return [
    ["RateLimit-Policy", lines.map(policyItem).join(", ")],
    ["RateLimit", lines.map(limitItem).join(", ")],
  ];
}

function olderFields({ policy, state }: Line): [string, string][] {
  return [
    ["RateLimit-Limit", structuredInteger(quota(policy))],
    ["RateLimit-Remaining", structuredInteger(state.remaining)],
    ["RateLimit-Reset", structuredInteger(state.resetSeconds)],
  ];
}

/** Denying before granting; then the longest wait among those that deny, the least left of its quota among the rest. */
function compareTightness(a: Line, b: Line): number {
  if (a.state.granted !== b.state.granted) return a.state.granted ? 1 : -1;
  const wait = b.state.resetSeconds - a.state.resetSeconds;
  if (!a.state.granted) return wait;
  return a.state.remaining / quota(a.policy) - b.state.remaining / quota(b.policy) || wait;
}

/** For a bucket: the seconds that refill all of it, so that quota over window is its pace (never more). */
function windowSeconds(policy: LimitPolicy): number {
  if (policy.algorithm === "fixed") return policy.windowSeconds;
  return (policy.burst * policy.intervalSeconds) / policy.refill;
}

function policyItem({ policy }: Line): string {
  const window = structuredInteger(Math.ceil(windowSeconds(policy)));
  return `${structuredString(policy.name)};q=${structuredInteger(quota(policy))};w=${window}`;
}

function limitItem({ policy, state }: Line): string {
  const remaining = structuredInteger(state.remaining);
  return `${structuredString(policy.name)};r=${remaining};t=${structuredInteger(state.resetSeconds)}`;
}
