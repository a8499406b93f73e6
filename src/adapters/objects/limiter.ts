import { waitUntil } from "cloudflare:workers";
import { orOutage } from "../../kernel/outage.ts";
import { platformRandom, type RandomBytes, randomTokenId } from "../../kernel/random.ts";
import { checkDemands } from "../../limits/check_demands.ts";
import type { LimitDemand, LimitState, LimitVerdict } from "../../limits/limit.ts";
import type { Defer } from "../../ports/edge_feed.ts";
import type { Limiter } from "../../ports/limiter.ts";
import type { LimiterObject } from "../../ports/limiter_object.ts";
import { JoinedTakes } from "../joined_takes.ts";

/** The part of a `DurableObjectNamespace` used here: an object by its name. */
export interface LimiterObjects {
  getByName(subject: string): LimiterObject;
}

/** Deadline of each call to an object, the source of reservation ids, and what keeps work alive behind a request. */
export interface DurableObjectLimiterOptions {
  readonly deadlineMs?: number;
  readonly random?: RandomBytes;
  readonly defer?: Defer;
}

/** How long what was left behind is waited for: as long as an object can undo it. */
const LATE_MS = 5000;

/** One subject's share of a request. Lives for one `take`: stubs must not be shared across requests. */
interface Share {
  readonly subject: string;
  readonly object: LimiterObject;
  readonly demands: readonly LimitDemand[];
  /** Where each of `demands` stood in the request. */
  readonly places: readonly number[];
}

/** A share and what its object said of it. */
interface SettledShare extends Share {
  readonly verdict: LimitVerdict;
}

/**
 * Counting in Durable Objects, one per subject. One subject is one call and one transaction. Several are asked at once,
 * so that a grant costs the slowest call and not their sum; on a denial the others give back what they took. Requests that want
 * the same subject at once go together (see `JoinedTakes`).
 *
 * Between a grant and its giving back a concurrent request may be denied by units that are about to return, and a crash
 * there leaves them charged. Both err on the strict side: nothing is ever granted twice.
 */
export class DurableObjectLimiter implements Limiter {
  readonly #objects: LimiterObjects;
  readonly #deadlineMs: number;
  readonly #random: RandomBytes;
  readonly #defer: Defer;
  readonly #joined: JoinedTakes;

  constructor(objects: LimiterObjects, options: DurableObjectLimiterOptions = {}) {
    this.#objects = objects;
    this.#deadlineMs = options.deadlineMs ?? 250;
    this.#random = options.random ?? platformRandom;
    this.#defer = options.defer ?? waitUntil;
    this.#joined = new JoinedTakes(this.#defer);
  }

  /**
   * See `Limiter.take`. Throws `Outage("limiter")` within the deadline, and has what a late object charged given back
   * behind the request; a denial over several subjects may take twice that, for it waits until the others are uncharged.
   */
  async take(demands: readonly LimitDemand[], nowMs: number): Promise<LimitVerdict> {
    checkDemands(demands, nowMs);
    const shares = this.#shares(demands);
    const [only] = shares;
    if (only === undefined) return { granted: true, limits: [] };
    const reservation = randomTokenId(this.#random);
    if (shares.length > 1) return this.#takeAcross(shares, reservation, nowMs);
    try {
      return await this.#takeShare(only, reservation, nowMs);
    } catch (error) {
      this.#leaveBehind(shares, reservation, nowMs);
      throw error;
    }
  }

  /** See `Limiter.charge`. Throws `Outage("limiter")` within the deadline, and then may have charged. */
  async charge(demands: readonly LimitDemand[], nowMs: number): Promise<void> {
    checkDemands(demands, nowMs);
    await Promise.all(this.#shares(demands).map((share) => this.#ask(() => share.object.charge(share.demands, nowMs))));
  }

  #takeShare({ subject, object, demands }: Share, reservation: string, nowMs: number): Promise<LimitVerdict> {
    return this.#ask(async () => {
      const verdict = await this.#joined.take(subject, object, { demands, nowMs, reservation });
      const isVerdict = typeof verdict?.granted === "boolean" && verdict.limits?.length === demands.length;
      if (!isVerdict) throw new TypeError("no verdict");
      return verdict;
    });
  }

  async #takeAcross(shares: readonly Share[], reservation: string, nowMs: number): Promise<LimitVerdict> {
    const answers = await Promise.allSettled(
      shares.map(async (share): Promise<SettledShare> => {
        return { ...share, verdict: await this.#takeShare(share, reservation, nowMs) };
      }),
    );
    const settled = answers.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
    const failed = answers.find((answer) => answer.status === "rejected");
    if (failed !== undefined) {
      this.#leaveBehind(shares, reservation, nowMs);
      throw failed.reason;
    }
    if (settled.every((share) => share.verdict.granted)) return { granted: true, limits: inOrder(settled) };
    return { granted: false, limits: inOrder(await this.#uncharge(settled, reservation, nowMs)) };
  }

  /** The shares after those that were granted have given back. One that cannot stays charged, and says so. */
  #uncharge(shares: readonly SettledShare[], reservation: string, nowMs: number): Promise<SettledShare[]> {
    return Promise.all(
      shares.map(async (share) => {
        if (!share.verdict.granted) return share;
        const limits = await this.#ask(() => share.object.giveBack(reservation, nowMs)).catch(() => null);
        return limits === null ? share : { ...share, verdict: { granted: true, limits } };
      }),
    );
  }

  /**
   * Undoes what may have been charged. A silent object is asked as well: calls to one stub arrive in order. A take that went in
   * another request's call may still come after, and then stays charged.
   */
  #leaveBehind(shares: readonly Share[], reservation: string, nowMs: number): void {
    for (const { subject } of shares) this.#joined.giveUp(subject, reservation);
    const undone = shares.map(({ object }) => orOutage("limiter", LATE_MS, () => object.giveBack(reservation, nowMs)));
    this.#defer(Promise.allSettled(undone));
  }

  #ask<T>(call: () => Promise<T>): Promise<T> {
    return orOutage("limiter", this.#deadlineMs, call);
  }

  #shares(demands: readonly LimitDemand[]): Share[] {
    const placed = demands.map((demand, place) => ({ demand, place }));
    return [...Map.groupBy(placed, ({ demand }) => demand.subject)].map(([subject, own]) => ({
      subject,
      object: this.#objects.getByName(subject),
      demands: own.map(({ demand }) => demand),
      places: own.map(({ place }) => place),
    }));
  }
}

/** All shares' states in the order of the request's demands. */
function inOrder(shares: readonly SettledShare[]): LimitState[] {
  return shares
    .flatMap(({ places, verdict }) => verdict.limits.map((state, index) => ({ place: places[index] ?? 0, state })))
    .toSorted((a, b) => a.place - b.place)
    .map(({ state }) => state);
}
