import { describe, expect, it } from "vitest";
import { SignalWatch } from "../../../src/access/signal_watch.ts";
import { Outage } from "../../../src/kernel/outage.ts";
import type { Observation, RaisedSignal } from "../../../src/limits/signals.ts";
import { settle } from "../../support/isolates.ts";

const START = Date.parse("2026-11-04T00:00:00Z");
const RAISED: RaisedSignal = {
  kind: "error_burst",
  sinceMs: START,
  untilMs: START + 900_000,
  country: null,
  note: "30 errors of 30 calls",
};

function watched() {
  const told: [string, Observation][] = [];
  const lost: number[] = [];
  const state = { raised: [] as readonly RaisedSignal[], isDown: false };
  const store = {
    observe: async (subject: string, seen: Observation) => {
      if (state.isDown) throw new Outage("signals");
      told.push([subject, seen]);
      return state.raised;
    },
    raised: async () => state.raised,
  };
  const watch = new SignalWatch(store, (principals) => lost.push(principals));
  const note = async (subject: string, atMs: number, isError = false, country = "AT") => {
    watch.note(subject, { country, position: null, atMs }, isError, (work) => void work);
    await settle();
  };
  return { watch, told, lost, state, note };
}

describe("what an isolate tells of its principals", () => {
  it("the first call at once, then what was seen in ten seconds together", async () => {
    const { told, note } = watched();
    await note("a", START);
    for (let call = 1; call <= 4; call++) await note("a", START + call);
    expect(told).toHaveLength(1);
    await note("a", START + 10_000);
    expect(told.map(([, { calls, errors, sightings }]) => [calls, errors, sightings.length])).toEqual([
      [1, 0, 1],
      [5, 0, 1],
    ]);
  });

  it("another place, and several errors, at once", async () => {
    const { told, note } = watched();
    await note("a", START);
    await note("a", START + 1, false, "BR");
    expect(told.at(-1)?.[1].sightings).toMatchObject([{ country: "BR" }]);
    for (let call = 0; call < 5; call++) await note("a", START + 2, true, "BR");
    expect(told.at(-1)?.[1]).toMatchObject({ calls: 5, errors: 5 });
    expect(told).toHaveLength(3);
  });

  it("hears what is raised with the answer, and keeps to it until it ends", async () => {
    const { watch, state, note } = watched();
    expect(watch.known("a", START)).toBeNull();
    state.raised = [RAISED];
    await note("a", START);
    expect(watch.known("a", START + 1)).toEqual([RAISED]);
    expect(watch.known("b", START + 1)).toBeNull();
    expect(watch.known("a", START + 899_999)).toEqual([RAISED]);
    expect(watch.known("a", START + 900_000)).toBeNull();
  });

  it("that nothing is raised is known for a minute", async () => {
    const { watch, note } = watched();
    await note("a", START);
    expect(watch.known("a", START + 59_999)).toEqual([]);
    expect(watch.known("a", START + 60_000)).toBeNull();
  });

  it("a store that is down is left alone for five seconds, and what is lost is told", async () => {
    const { watch, told, lost, state, note } = watched();
    state.isDown = true;
    await note("a", START);
    await note("b", START + 1);
    expect(lost).toEqual([1]);
    expect(watch.known("a", START)).toBeNull();
    state.isDown = false;
    await note("b", START + 5_000);
    expect(told.map(([subject, { calls }]) => [subject, calls])).toEqual([["b", 2]]);
  });

  it("attack: a flood of principals fills no memory, and one request's end tells a bounded number", async () => {
    const { told, note, watch } = watched();
    const answers: (() => void)[] = [];
    const slow = new SignalWatch(
      {
        observe: async (subject, seen) => {
          await new Promise<void>((resolve) => answers.push(resolve));
          told.push([subject, seen]);
          return [];
        },
        raised: async () => [],
      },
      () => undefined,
    );
    for (let index = 0; index < 12_000; index++) {
      slow.note(`p${index}`, { country: null, position: null, atMs: START }, false, (work) => void work);
    }
    for (let turn = 0; turn < 100; turn++) {
      for (const answer of answers.splice(0)) answer();
      await settle();
    }
    expect(told.length).toBeLessThanOrEqual(200);
    await note("a", START);
    expect(watch.known("a", START)).toEqual([]);
  });
});
