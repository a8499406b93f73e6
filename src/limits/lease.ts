import type { LimitPolicy } from "./limit.ts";
import { quota, twentieth } from "./quota.ts";

/**
 * The arithmetic of leases: units of a limit that an isolate took from the shared counter ahead of its calls, to be spent
 * from memory. Owns how many, for how long, and what keeps the limit true meanwhile. Refuses to know stores and clocks.
 *
 * A window's lease is charged to the window and spent in it. A bucket's units are charged when they are taken and may be
 * spent up to `lifeMs` later: over an interval t as many may be spent as were taken over t + `lifeMs`, so the shared bucket
 * is kept smaller by what refills in `lifeMs`. Then no more than burst + rate x t is ever granted, by however many isolates.
 */

/** Units of one taking, and when they end. */
export interface Batch {
  readonly units: number;
  /** In Unix milliseconds, by the isolate's clock: from then on they are lost. */
  readonly endsAtMs: number;
}

/** What an isolate holds of one counter, what ends first standing first. */
export type Lease = readonly Batch[];

/** Most units that one isolate may hold of `policy`: a twentieth, and none where they would end as they come. */
export function leaseSize(policy: LimitPolicy): number {
  return policy.algorithm === "bucket" && lifeMs(policy) < 1 ? 0 : twentieth(policy);
}

/** How long a bucket's units may be held: as long as the bucket takes to refill a twentieth. */
function lifeMs({ burst, refill, intervalSeconds }: Extract<LimitPolicy, { algorithm: "bucket" }>): number {
  return Math.floor((Math.floor(burst / 20) * intervalSeconds * 1000) / refill);
}

/** How long units of `policy` last at most, in milliseconds. */
export function leaseLifeMs(policy: LimitPolicy): number {
  return policy.algorithm === "fixed" ? policy.windowSeconds * 1000 : lifeMs(policy);
}

/** When units end that were taken at `askedAtMs`: with their window, or by their age. */
export function leaseEndsAtMs(policy: LimitPolicy, askedAtMs: number): number {
  if (policy.algorithm === "bucket") return askedAtMs + lifeMs(policy);
  const windowMs = policy.windowSeconds * 1000;
  return (Math.floor(askedAtMs / windowMs) + 1) * windowMs;
}

/** `policy` as the shared counter has to count it, so that what isolates hold of it never adds to it. */
export function sharedPolicy(policy: LimitPolicy): LimitPolicy {
  if (policy.algorithm === "fixed") return policy;
  return { ...policy, burst: sharedQuota(policy) };
}

/** Units of a leased `policy` that can be granted at once. */
export function sharedQuota(policy: LimitPolicy): number {
  return policy.algorithm === "fixed" ? quota(policy) : quota(policy) - twentieth(policy);
}

/** Units of `lease` that can be spent at `nowMs`. */
export function held(lease: Lease, nowMs: number): number {
  let units = 0;
  for (const batch of lease) if (batch.endsAtMs > nowMs) units += batch.units;
  return units;
}

/** What a spending took, in all and batch by batch, and what it left. */
export interface Spent {
  readonly units: number;
  readonly taken: Lease;
  readonly left: Lease;
}

/** Spends up to `most` units of `lease`, those first that end first. */
export function spend(lease: Lease, most: number, nowMs: number): Spent {
  const taken: Batch[] = [];
  const left: Batch[] = [];
  let missing = most;
  for (const { units, endsAtMs } of lease) {
    if (endsAtMs <= nowMs) continue;
    const part = Math.min(units, missing);
    missing -= part;
    if (part > 0) taken.push({ units: part, endsAtMs });
    if (part < units) left.push({ units: units - part, endsAtMs });
  }
  return { units: most - missing, taken, left };
}

/**
 * `lease` with `batches` added: newly taken, or given back unspent. What has ended, and what would be more than `size` in
 * all, is lost.
 */
export function join(lease: Lease, batches: Lease, size: number, nowMs: number): Lease {
  const joined: Batch[] = [];
  let room = size;
  for (const { units, endsAtMs } of [...lease, ...batches].toSorted((a, b) => a.endsAtMs - b.endsAtMs)) {
    const part = endsAtMs <= nowMs ? 0 : Math.min(units, room);
    room -= part;
    if (part > 0) joined.push({ units: part, endsAtMs });
  }
  return joined;
}
