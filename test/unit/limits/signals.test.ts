import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { closeMinutes, newTallies, rateIsFar } from "../../../src/limits/call_tallies.ts";
import {
  distanceKm,
  type Observation,
  observe,
  type PrincipalState,
  type Sighting,
  type SignalRules,
} from "../../../src/limits/signals.ts";

const START = Date.parse("2026-11-04T00:00:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const RULES: SignalRules = {
  newCountry: { learnMs: DAY },
  travel: { kmPerHour: 1_000, minKm: 500 },
  rate: { times: 10, minPerMinute: 120 },
  errors: { least: 30, percent: 50 },
  cooldownMs: 15 * MINUTE,
};

const VIENNA = { latitude: 48.2, longitude: 16.4 };
const GRAZ = { latitude: 47.1, longitude: 15.4 };
const TOKYO = { latitude: 35.7, longitude: 139.7 };
const NEW_YORK = { latitude: 40.7, longitude: -74 };

function seen(atMs: number, more: Partial<Observation> & { at?: Partial<Sighting> } = {}): Observation {
  const { at, ...rest } = more;
  const sightings = at === undefined ? [] : [{ country: null, position: null, atMs, ...at }];
  return { atMs, calls: 1, errors: 0, sightings, ...rest };
}

/** The state after all of `observations`, each at its own time. */
function stateAfter(observations: readonly Observation[], from: PrincipalState | null = null): PrincipalState {
  let state = from;
  for (const one of observations) state = observe(state, one, RULES, one.atMs);
  if (state === null) throw new Error("nothing was observed");
  return state;
}

const kinds = ({ raised }: PrincipalState) => raised.map(({ kind }) => kind);

describe("a new country", () => {
  const home = seen(START, { at: { country: "AT" } });

  it("is one that was not seen while learning, nor after", () => {
    expect(kinds(stateAfter([home, seen(START + DAY - 1, { at: { country: "DE" } })]))).toEqual([]);
    const odd = stateAfter([home, seen(START + DAY, { at: { country: "BR" } })]);
    expect(odd.raised).toEqual([
      {
        kind: "new_country",
        sinceMs: START + DAY,
        untilMs: START + DAY + RULES.cooldownMs,
        country: "BR",
        note: "BR, known: AT",
      },
    ]);
  });

  it("is ordinary once its signal has ended", () => {
    const later = START + DAY + RULES.cooldownMs;
    const odd = stateAfter([home, seen(START + DAY, { at: { country: "BR" } })]);
    expect(kinds(stateAfter([seen(later, { at: { country: "BR" } })], odd))).toEqual([]);
  });

  it("is forgotten for no later one while it is raised: where many come, calls from everywhere are meant", () => {
    const codes = ["BR", "CN", "DE", "EG", "FR", "GB", "HU", "IN", "JP", "KE"];
    const from = (code: string, minutes: number) => seen(START + DAY + minutes * 1_000, { at: { country: code } });
    const hopped = stateAfter([home, ...codes.map(from)]);
    const back = stateAfter([from("BR", 20)], hopped);
    expect(back.raised.some(({ kind, country }) => kind === "new_country" && [null, "BR"].includes(country))).toBe(
      true,
    );
    expect(back.raised.length).toBeLessThanOrEqual(8);
    const alarmed = stateAfter([home, seen(START + DAY, { calls: 40, errors: 40 }), ...codes.map(from)]);
    expect(kinds(alarmed)).toContain("error_burst");
  });

  it("is nothing where the platform tells no country", () => {
    expect(kinds(stateAfter([home, seen(START + 2 * DAY)]))).toEqual([]);
  });
});

describe("impossible travel", () => {
  const at = (atMs: number, position: { latitude: number; longitude: number }) => seen(atMs, { at: { position } });

  it.each([
    ["Vienna to Tokyo in an hour", VIENNA, TOKYO, HOUR, ["impossible_travel"]],
    ["Vienna to Tokyo in a long flight", VIENNA, TOKYO, 12 * HOUR, []],
    ["Vienna to Graz at once: networks are located no better", VIENNA, GRAZ, 0, []],
    ["Vienna to New York at once", VIENNA, NEW_YORK, 0, ["impossible_travel"]],
  ])("%s", (_, from, to, ms, expected) => {
    expect(kinds(stateAfter([at(START, from), at(START + ms, to)]))).toEqual(expected);
  });

  it("says the distance and the time", () => {
    const [signal] = stateAfter([at(START, VIENNA), at(START + HOUR, TOKYO)]).raised;
    expect(signal).toMatchObject({ note: "9127 km in 60 min", country: null });
  });

  it("a VPN that is turned on and off raises once, not each time", () => {
    const first = stateAfter([at(START, VIENNA), at(START + MINUTE, NEW_YORK)]);
    expect(kinds(first)).toEqual(["impossible_travel"]);
    let state = first;
    for (let turn = 2; turn < 100; turn++) {
      state = stateAfter([at(START + turn * MINUTE, turn % 2 === 0 ? VIENNA : NEW_YORK)], state);
    }
    expect(kinds(state)).toEqual([]);
    expect(kinds(stateAfter([at(START + 100 * MINUTE, TOKYO)], state))).toEqual(["impossible_travel"]);
  });

  it("property: distances are symmetric, and no two places are further apart than half round the world", () => {
    const place = fc.record({
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    });
    fc.assert(
      fc.property(place, place, (a, b) => {
        const km = distanceKm(a, b);
        expect(km).toBeGreaterThanOrEqual(0);
        expect(km).toBeLessThanOrEqual(20_016);
        expect(distanceKm(b, a)).toBeCloseTo(km, 6);
        expect(distanceKm(a, a)).toBe(0);
      }),
    );
  });
});

describe("a rate far from one's own", () => {
  const minutes = (from: number, counts: readonly number[]) =>
    counts.map((calls, index) => seen(START + (from + index) * MINUTE, { calls }));
  const usual = (calls: number) => stateAfter(minutes(0, Array(40).fill(calls)));

  it("ten times what is usual raises, in the minute itself", () => {
    expect(kinds(stateAfter(minutes(40, [2_001]), usual(200)))).toEqual(["unusual_rate"]);
    expect(kinds(stateAfter(minutes(40, [1_000]), usual(200)))).toEqual([]);
    expect(stateAfter(minutes(40, [400]), usual(10)).raised[0]?.note).toBe("400 calls a minute, usual: 10");
  });

  it("little is never much, and who is hardly known is not judged", () => {
    expect(kinds(stateAfter(minutes(40, [119]), usual(1)))).toEqual([]);
    expect(kinds(stateAfter(minutes(0, [1, 1, 1, 10_000])))).toEqual([]);
  });

  it("one burst is not a habit: the next one raises as well", () => {
    const burst = stateAfter(minutes(40, [100_000]), usual(10));
    const calm = stateAfter(minutes(41, Array(30).fill(10)), burst);
    expect(kinds(calm)).toEqual([]);
    expect(kinds(stateAfter(minutes(71, [100_000]), calm))).toEqual(["unusual_rate"]);
  });

  it("growth that lasts becomes usual", () => {
    const grown = stateAfter(minutes(40, Array(300).fill(400)), usual(10));
    expect(kinds(grown)).toEqual([]);
  });

  it("property: numbers stay finite, and a steady caller never raises whatever its pace", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 21, max: 200 }), (calls, length) => {
        let tallies = newTallies();
        for (let minute = 0; minute < length; minute++) {
          tallies = closeMinutes(tallies, { atMs: START + minute * MINUTE, calls, errors: 0 });
          expect(rateIsFar(tallies.rate, { times: 1.5, minPerMinute: 1 })).toBeNull();
        }
        expect(Number.isFinite(tallies.rate.centre) && Number.isFinite(tallies.rate.spread)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});

describe("a burst of errors", () => {
  it("counts two minutes, and needs both number and share", () => {
    const errors = (at: number, calls: number, count: number) => seen(START + at * MINUTE, { calls, errors: count });
    expect(stateAfter([errors(0, 15, 15), errors(1, 15, 15)]).raised[0]?.note).toBe("30 errors of 30 calls");
    expect(kinds(stateAfter([errors(0, 15, 15), errors(2, 15, 15)]))).toEqual([]);
    expect(kinds(stateAfter([errors(0, 29, 29)]))).toEqual([]);
    expect(kinds(stateAfter([errors(0, 61, 30)]))).toEqual([]);
  });

  it("a signal lives on while it is raised anew, and says since when", () => {
    const burst = seen(START, { calls: 40, errors: 40 });
    const again = stateAfter([burst, { ...burst, atMs: START + 10 * MINUTE }]);
    expect(again.raised).toMatchObject([{ sinceMs: START, untilMs: START + 25 * MINUTE }]);
  });
});

it("property: the state stays small, and no clock of an isolate moves it, whatever is observed", () => {
  const sighting = fc.record({
    country: fc.option(fc.stringMatching(/^[A-Z]{2}$/)),
    position: fc.option(
      fc.record({
        latitude: fc.double({ min: -90, max: 90, noNaN: true }),
        longitude: fc.double({ min: -180, max: 180, noNaN: true }),
      }),
    ),
    atMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  });
  const observation = fc.record({
    atMs: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    calls: fc.nat(1_000_000),
    errors: fc.nat(1_000_000),
    sightings: fc.array(sighting, { maxLength: 10 }),
  });
  fc.assert(
    fc.property(fc.array(observation, { minLength: 1, maxLength: 60 }), fc.nat(DAY), (all, step) => {
      let state: PrincipalState | null = null;
      for (const [index, one] of all.entries()) {
        const nowMs = START + index * step;
        state = observe(state, one, RULES, nowMs);
        expect(JSON.stringify(state).length).toBeLessThan(4_000);
        expect(state.raised.every(({ sinceMs, untilMs }) => sinceMs <= nowMs && untilMs > nowMs)).toBe(true);
        expect(state.places.every(({ atMs }) => atMs <= nowMs)).toBe(true);
      }
    }),
    { numRuns: 100 },
  );
});
