import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Outage } from "../../src/kernel/outage.ts";
import type { LimitDemand, LimitPolicy, LimitVerdict } from "../../src/limits/limit.ts";
import type { Limiter } from "../../src/ports/limiter.ts";
import { bucket, demand, fixed, WINDOW_START_MS } from "../support/limit_policies.ts";

/** One adapter, and its ways to fail. */
export interface LimiterUnderTest {
  readonly name: string;
  /** Whether two made limiters count together. */
  readonly shared: boolean;
  make(): Limiter;
  /** Limiters that cannot tell, made with a deadline of `deadlineMs`. */
  readonly broken: Readonly<Record<string, (deadlineMs: number) => Limiter>>;
}

const T0 = WINDOW_START_MS;
type PolicyOf = (limit: number, name?: string) => LimitPolicy;

const ALGORITHMS: readonly (readonly [string, PolicyOf])[] = [
  ["fixed", fixed],
  ["bucket", bucket],
];

let subjects = 0;

function newSubject(): string {
  subjects += 1;
  return `client:${crypto.randomUUID()}:${subjects}`;
}

/** A limiter whose isolate's clock says what each take says, for an SDK may read the clock itself. */
function clocked(limiter: Limiter) {
  const clock = vi.spyOn(Date, "now");
  return (nowMs: number, ...demands: LimitDemand[]): Promise<LimitVerdict> => {
    clock.mockReturnValue(nowMs);
    return limiter.take(demands, nowMs);
  };
}

function remaining(verdict: LimitVerdict): number[] {
  return verdict.limits.map((limit) => limit.remaining);
}

/** What every adapter of the limiter port promises. */
export function limiterContract(subject: LimiterUnderTest): void {
  describe(`limiter: ${subject.name}`, () => {
    afterEach(() => {
      vi.restoreAllMocks();
    });
    describe.each(ALGORITHMS)("%s", (_, policyOf) => countingPromises(subject, policyOf));
    windowPromises(subject);
    bucketPromises(subject);
    compositionPromises(subject);
    debtPromises(subject);
    outagePromises(subject);
  });
}

function countingPromises({ make, shared }: LimiterUnderTest, policyOf: PolicyOf) {
  it("grants up to the limit, and counts remaining down truly", async () => {
    const take = clocked(make());
    const one = demand(newSubject(), policyOf(3));
    const seen: [boolean, number[]][] = [];
    for (let call = 0; call < 5; call++) {
      const verdict = await take(T0, one);
      seen.push([verdict.granted, remaining(verdict)]);
    }
    expect(seen).toEqual([
      [true, [2]],
      [true, [1]],
      [true, [0]],
      [false, [0]],
      [false, [0]],
    ]);
  });

  it("never charges a denied cost: of 10, 8 is granted, 5 denied, 2 granted", async () => {
    const take = clocked(make());
    const subject = newSubject();
    expect(await take(T0, demand(subject, policyOf(10), 8))).toMatchObject({ granted: true });
    expect(await take(T0, demand(subject, policyOf(10), 5))).toMatchObject({
      granted: false,
      limits: [{ granted: false, remaining: 2 }],
    });
    expect(await take(T0, demand(subject, policyOf(10), 2))).toMatchObject({
      granted: true,
      limits: [{ granted: true, remaining: 0 }],
    });
  });

  it("always denies a cost above the limit, and charges nothing for it", async () => {
    const take = clocked(make());
    const subject = newSubject();
    expect((await take(T0, demand(subject, policyOf(5), 6))).granted).toBe(false);
    expect((await take(T0 + 3_600_000, demand(subject, policyOf(5), 6))).granted).toBe(false);
    expect((await take(T0 + 3_600_000, demand(subject, policyOf(5), 5))).granted).toBe(true);
  });

  it("grants exactly 5 of 200 parallel takes on a limit of 5", async () => {
    const take = clocked(make());
    const one = demand(newSubject(), policyOf(5));
    const verdicts = await Promise.all(Array.from({ length: 200 }, () => take(T0, one)));
    expect(verdicts.filter((verdict) => verdict.granted)).toHaveLength(5);
  });

  if (shared)
    it("counts as one what several limiters take from one store", async () => {
      const limiters = [make(), make(), make(), make()];
      vi.spyOn(Date, "now").mockReturnValue(T0);
      const one = demand(newSubject(), policyOf(5));
      const verdicts = await Promise.all(
        Array.from({ length: 10 }, () => limiters.map((limiter) => limiter.take([one], T0))).flat(),
      );
      expect(verdicts.filter((verdict) => verdict.granted)).toHaveLength(5);
    });

  it("counts each subject by itself", async () => {
    const take = clocked(make());
    const [one, other] = [newSubject(), newSubject()];
    expect((await take(T0, demand(one, policyOf(1)))).granted).toBe(true);
    expect((await take(T0, demand(one, policyOf(1)))).granted).toBe(false);
    expect((await take(T0, demand(other, policyOf(1)))).granted).toBe(true);
  });

  it("grants nothing more when the clock steps back", async () => {
    const take = clocked(make());
    const one = demand(newSubject(), policyOf(2));
    expect((await take(T0, one, one)).granted).toBe(true);
    for (const back of [1, 9_999, 10_000, 25_000]) expect((await take(T0 - back, one)).granted).toBe(false);
    expect((await take(T0, one)).granted).toBe(false);
  });

  it.each([0, -1, 0.5, Number.NaN])("throws a RangeError for a cost of %s, for that is a bug", async (cost) => {
    await expect(make().take([demand(newSubject(), policyOf(5), cost)], T0)).rejects.toThrow(RangeError);
  });
}

function windowPromises({ make }: LimiterUnderTest) {
  it("aligns fixed windows to the Unix epoch and starts each anew", async () => {
    const take = clocked(make());
    const one = demand(newSubject(), fixed(1));
    expect(await take(T0 + 7_500, one)).toMatchObject({ granted: true, limits: [{ resetSeconds: 3 }] });
    expect(await take(T0 + 9_999, one)).toMatchObject({ granted: false, limits: [{ resetSeconds: 1 }] });
    expect(await take(T0 + 10_000, one)).toMatchObject({ granted: true, limits: [{ resetSeconds: 10 }] });
  });
}

function bucketPromises({ make }: LimiterUnderTest) {
  it("refills a bucket at its rate, never above the burst", async () => {
    const take = clocked(make());
    const subject = newSubject();
    const cost = (tokens: number) => demand(subject, bucket(3), tokens);
    expect((await take(T0, cost(3))).granted).toBe(true);
    expect(await take(T0 + 59_999, cost(1))).toMatchObject({
      granted: false,
      limits: [{ remaining: 0, resetSeconds: 1 }],
    });
    expect((await take(T0 + 60_000, cost(1))).granted).toBe(true);
    expect(await take(T0 + 150_000, cost(3))).toMatchObject({
      granted: false,
      limits: [{ remaining: 1, resetSeconds: 90 }],
    });
    expect((await take(T0 + 240_000, cost(3))).granted).toBe(true);
    expect((await take(T0 + 3_600_000, cost(4))).granted).toBe(false);
    expect((await take(T0 + 3_600_000, cost(3))).granted).toBe(true);
  });

  it("grants no more than burst + rate x t over an interval that starts between two refills", async () => {
    const take = clocked(make());
    const subject = newSubject();
    const cost = (tokens: number) => demand(subject, { ...bucket(10), refill: 10, intervalSeconds: 600 }, tokens);
    expect((await take(T0, cost(1))).granted).toBe(true);
    expect((await take(T0 + 599_999, cost(10))).granted).toBe(true);
    expect((await take(T0 + 600_000, cost(1))).granted).toBe(false);
  });

  it("keeps one state of a bucket, whether it is asked alone or in company", async () => {
    const take = clocked(make());
    const subject = newSubject();
    expect(remaining(await take(T0, demand(subject, bucket(10), 4)))).toEqual([6]);
    expect(remaining(await take(T0, demand(subject, bucket(10), 3), demand(subject, fixed(9))))).toEqual([3, 8]);
    expect((await take(T0, demand(subject, bucket(10), 4))).granted).toBe(false);
    expect(remaining(await take(T0, demand(subject, bucket(10), 3)))).toEqual([0]);
  });
}

function compositionPromises({ make }: LimiterUnderTest) {
  it("takes all demands of a subject or none", async () => {
    const take = clocked(make());
    const subject = newSubject();
    const wide = demand(subject, fixed(10, "wide"), 2);
    const steady = demand(subject, bucket(10, "steady"), 2);
    const narrow = demand(subject, fixed(1, "narrow"));
    expect(await take(T0, wide, steady, narrow)).toMatchObject({ granted: true });
    const denied = await take(T0, wide, steady, narrow);
    expect(denied.granted).toBe(false);
    expect(denied.limits.map(({ policy, granted, remaining }) => [policy, granted, remaining])).toEqual([
      ["wide", true, 8],
      ["steady", true, 8],
      ["narrow", false, 0],
    ]);
    expect((await take(T0, { ...wide, cost: 8 }, { ...steady, cost: 8 })).granted).toBe(true);
  });

  it("adds up two demands of one take on one counter", async () => {
    const take = clocked(make());
    const subject = newSubject();
    const three = demand(subject, fixed(5), 3);
    expect((await take(T0, three, three)).granted).toBe(false);
    expect(remaining(await take(T0, three, { ...three, cost: 2 }))).toEqual([0, 0]);
  });

  it.each(ALGORITHMS)("leaves other subjects uncharged when one denies (%s)", async (_, policyOf) => {
    const take = clocked(make());
    const [first, spent, last] = [newSubject(), newSubject(), newSubject()];
    const of = (subject: string, cost = 1) => demand(subject, policyOf(4), cost);
    expect((await take(T0, of(spent, 4))).granted).toBe(true);
    const denied = await take(T0, of(first, 2), of(spent), of(last, 2));
    expect(denied.granted).toBe(false);
    expect(denied.limits.map(({ granted, remaining }) => [granted, remaining])).toEqual([
      [true, 4],
      [false, 0],
      [true, 4],
    ]);
    expect((await take(T0, of(first, 4), of(last, 4))).granted).toBe(true);
    expect((await take(T0, of(first))).granted).toBe(false);
  });

  it("never exceeds a limit under parallel takes over several subjects", async () => {
    const take = clocked(make());
    const [client, address, other] = [newSubject(), newSubject(), newSubject()];
    const verdicts = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        take(T0, demand(client, fixed(20)), demand(index % 2 === 0 ? address : other, bucket(5))),
      ),
    );
    const granted = verdicts.filter((verdict) => verdict.granted).length;
    expect(granted).toBeLessThanOrEqual(10);
    const left = await take(T0, demand(client, fixed(20), 20 - granted));
    expect(left.granted).toBe(true);
    expect((await take(T0, demand(client, fixed(20)))).granted).toBe(false);
  });

  it("grants a take of nothing", async () => {
    expect(await make().take([], T0)).toEqual({ granted: true, limits: [] });
  });
}

function debtPromises({ make }: LimiterUnderTest) {
  it.each(ALGORITHMS)("charges what a call turned out to cost, into debt (%s)", async (_, policyOf) => {
    const limiter = make();
    const take = clocked(limiter);
    const subject = newSubject();
    const cost = (units: number) => demand(subject, policyOf(10), units);
    expect(remaining(await take(T0, cost(2)))).toEqual([8]);
    await limiter.charge([cost(3)], T0);
    expect(remaining(await take(T0, cost(1)))).toEqual([4]);
    await limiter.charge([cost(7)], T0);
    expect(await take(T0, cost(1))).toMatchObject({ granted: false, limits: [{ granted: false, remaining: 0 }] });
  });

  it("pays a window's debt at its end, and a bucket's by its refill: one quota at most", async () => {
    const limiter = make();
    const take = clocked(limiter);
    const subject = newSubject();
    const window = (units: number) => demand(subject, fixed(5), units);
    const tokens = (units: number) => demand(subject, bucket(5), units);
    vi.spyOn(Date, "now").mockReturnValue(T0);
    await limiter.charge([window(1_000), tokens(1_000)], T0);
    await limiter.charge([window(1_000), tokens(1_000)], T0);
    expect(await take(T0 + 9_999, window(1))).toMatchObject({ granted: false, limits: [{ resetSeconds: 1 }] });
    expect(remaining(await take(T0 + 10_000, window(1)))).toEqual([4]);
    expect(await take(T0 + 300_000, tokens(1))).toMatchObject({ granted: false, limits: [{ resetSeconds: 60 }] });
    expect(remaining(await take(T0 + 360_000, tokens(1)))).toEqual([0]);
  });

  it.each([0, -1, 0.5, Number.NaN])(
    "throws a RangeError for a charge of %s: nothing is ever refunded",
    async (cost) => {
      await expect(make().charge([demand(newSubject(), fixed(5), cost)], T0)).rejects.toThrow(RangeError);
    },
  );
}

function outagePromises({ broken }: LimiterUnderTest) {
  it.each(Object.entries(broken))("throws an Outage within the deadline: %s", async (name, makeBroken) => {
    const limiter = makeBroken(200);
    const timers = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => timers.mockRestore());
    const demands = [demand(newSubject(), bucket(5))];
    await expect(limiter.take(demands, T0)).rejects.toThrow(Outage);
    await expect(limiter.take([...demands, demand(newSubject(), fixed(5))], T0)).rejects.toThrow(Outage);
    // That one who never answers is given up shows that there is a deadline; which one, its timers show on the slowest machine.
    const waits = timers.mock.calls.map(([, ms]) => ms);
    if (name.endsWith("is silent")) expect(waits.filter((ms) => ms === 200).length).toBeGreaterThanOrEqual(2);
    await expect(limiter.charge(demands, T0)).rejects.toThrow(Outage);
  });
}
