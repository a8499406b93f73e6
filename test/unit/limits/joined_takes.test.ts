import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JoinedTakes } from "../../../src/adapters/joined_takes.ts";
import type { LimitVerdict } from "../../../src/limits/limit.ts";
import type { LimiterObject, ReservedTake } from "../../../src/ports/limiter_object.ts";
import { demand, fixed, WINDOW_START_MS } from "../../support/limit_policies.ts";

const T0 = WINDOW_START_MS;
const SUBJECT = "route:orders";

/** A call to the object that has not been answered yet. */
interface OpenCall {
  readonly reservations: readonly string[];
  readonly answer: () => void;
  readonly fail: () => void;
}

/** An object whose answers arrive when the test says so. Each verdict names its reservation, as the policy of its only limit. */
class SlowObject implements LimiterObject {
  readonly open: OpenCall[] = [];
  readonly asked: (readonly string[])[] = [];

  async take(_demands: ReservedTake["demands"], _nowMs: number, reservation = ""): Promise<LimitVerdict> {
    const [verdict] = await this.#call([reservation]);
    if (verdict === undefined) throw new Error("no verdict");
    return verdict;
  }

  takeEach(takes: readonly ReservedTake[]): Promise<readonly LimitVerdict[]> {
    return this.#call(takes.map(({ reservation }) => reservation));
  }

  charge(): Promise<void> {
    return Promise.resolve();
  }

  giveBack(): Promise<null> {
    return Promise.resolve(null);
  }

  #call(reservations: readonly string[]): Promise<LimitVerdict[]> {
    const { promise, resolve, reject } = Promise.withResolvers<LimitVerdict[]>();
    this.asked.push(reservations);
    this.open.push({
      reservations,
      answer: () => resolve(reservations.map(verdictFor)),
      fail: () => reject(new Error("the object was reset")),
    });
    return promise;
  }
}

function verdictFor(reservation: string): LimitVerdict {
  return { granted: true, limits: [{ policy: reservation, granted: true, remaining: 1, resetSeconds: 1 }] };
}

/** Lets everything run that waits for nothing. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

function world() {
  const object = new SlowObject();
  const clock = { nowMs: T0 };
  const behind: Promise<unknown>[] = [];
  const joined = new JoinedTakes(
    (work) => behind.push(work),
    () => clock.nowMs,
  );
  const told = new Map<string, string>();
  const take = (reservation: string) => {
    joined.take(SUBJECT, object, { demands: [demand(SUBJECT, fixed(9))], nowMs: T0, reservation }).then(
      ({ limits }) => told.set(reservation, limits[0]?.policy ?? "nothing"),
      (error: unknown) => told.set(reservation, String(error)),
    );
  };
  return { object, clock, behind, joined, told, take };
}

describe("takes of one subject in one isolate", () => {
  it("the first two go at once and alone; who comes meanwhile goes together, in order", async () => {
    const { object, take, told } = world();
    for (const name of ["a", "b", "c", "d", "e"]) take(name);
    await settle();
    expect(object.asked).toEqual([["a"], ["b"]]);
    object.open[0]?.answer();
    await settle();
    expect(object.asked.slice(2)).toEqual([["c", "d", "e"]]);
    for (const call of object.open) call.answer();
    await settle();
    expect(Object.fromEntries(told)).toEqual({ a: "a", b: "b", c: "c", d: "d", e: "e" });
  });

  it("an object that fails is told to everybody who went together, and to nobody else", async () => {
    const { object, take, told } = world();
    for (const name of ["a", "b", "c", "d"]) take(name);
    object.open[0]?.answer();
    await settle();
    object.open[2]?.fail();
    object.open[1]?.answer();
    await settle();
    expect(Object.fromEntries(told)).toEqual({
      a: "a",
      b: "b",
      c: "Error: the object was reset",
      d: "Error: the object was reset",
    });
  });

  it("an object that leaves a verdict out has told nobody", async () => {
    const { object, take, told } = world();
    object.takeEach = () => Promise.resolve([verdictFor("c")]);
    for (const name of ["a", "b", "c", "d"]) take(name);
    object.open[0]?.answer();
    await settle();
    expect(told.get("c")).toMatch("a verdict is missing");
    expect(told.get("d")).toMatch("a verdict is missing");
  });

  it("who gives up while waiting is never asked for", async () => {
    const { object, take, told, joined } = world();
    for (const name of ["a", "b", "c", "d"]) take(name);
    joined.giveUp(SUBJECT, "c");
    joined.giveUp(SUBJECT, "never seen");
    object.open[0]?.answer();
    await settle();
    expect(object.asked.slice(2)).toEqual([["d"]]);
    expect(told.get("c")).toBe("Error: given up");
  });

  it("a silent object holds up nobody for longer than each waits by itself", async () => {
    const { object, take, joined } = world();
    for (const name of ["a", "b", "c", "d"]) take(name);
    joined.giveUp(SUBJECT, "a");
    await settle();
    expect(object.asked.slice(2)).toEqual([["c", "d"]]);
    joined.giveUp(SUBJECT, "b");
    joined.giveUp(SUBJECT, "c");
    take("e");
    await settle();
    expect(object.asked.slice(3)).toEqual([["e"]]);
  });

  it("a caller who hangs up keeps nobody waiting: whoever waits is kept alive", async () => {
    const { object, take, behind } = world();
    for (const name of ["a", "b", "c", "d"]) take(name);
    expect(behind, "two that are on their way, two that wait").toHaveLength(4);
    object.open[0]?.answer();
    await settle();
    expect(behind).toHaveLength(5);
    for (const call of object.open) call.answer();
    await Promise.all(behind);
  });

  it("calls that never end hold up nobody for more than a second", async () => {
    const { object, take, told, clock } = world();
    for (const name of ["a", "b", "c"]) take(name);
    clock.nowMs += 1001;
    take("d");
    await settle();
    expect(object.asked.slice(2).flat().toSorted()).toEqual(["c", "d"]);
    for (const call of object.open.slice(2)) call.answer();
    await settle();
    expect([told.get("c"), told.get("d")]).toEqual(["c", "d"]);
  });

  it("under any schedule each take is asked for once, and is told its own verdict", async () => {
    const step = fc.oneof(fc.constant("take" as const), fc.nat(5));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { object, take, told } = world();
        let takes = 0;
        for (const one of steps) {
          if (one === "take") take(`r${takes++}`);
          else object.open.splice(one % Math.max(1, object.open.length), 1)[0]?.answer();
          await Promise.resolve();
        }
        await settle();
        while (object.open.length > 0) {
          object.open.shift()?.answer();
          await settle();
        }
        const all = Array.from({ length: takes }, (_, index) => `r${index}`);
        expect(object.asked.flat().toSorted()).toEqual(all.toSorted());
        expect(Object.fromEntries(told)).toEqual(Object.fromEntries(all.map((name) => [name, name])));
      }),
      { numRuns: 100 },
    );
  });
});
