import { closeMinutes, type ErrorTally, errorsBurst, newTallies, type RateTally, rateIsFar } from "./call_tallies.ts";

/**
 * What is out of the ordinary for one principal, from what it did itself before. Owns the state, which is bounded whatever happens, and
 * when something is raised; refuses to know whose state it is. A signal is an alarm that ends by itself: what raised it counts as
 * ordinary afterwards.
 */
export type SignalKind = "new_country" | "impossible_travel" | "unusual_rate" | "error_burst";

/** What raises a signal; null for one that is not looked for. Times in milliseconds. */
export interface SignalRules {
  /** Countries of the first `learnMs` are all ordinary. */
  readonly newCountry: { readonly learnMs: number } | null;
  readonly travel: { readonly kmPerHour: number; readonly minKm: number } | null;
  readonly rate: { readonly times: number; readonly minPerMinute: number } | null;
  /** `least` errors in two minutes, and of all calls in them the share in percent. */
  readonly errors: { readonly least: number; readonly percent: number } | null;
  /** How long a signal stays raised after the last thing that raised it. */
  readonly cooldownMs: number;
}

export interface Position {
  /** In degrees. */
  readonly latitude: number;
  readonly longitude: number;
}

/** Where calls came from. */
export interface Sighting {
  readonly country: string | null;
  readonly position: Position | null;
  readonly atMs: number;
}

/** What one isolate saw of a principal since it last told. */
export interface Observation {
  readonly atMs: number;
  readonly calls: number;
  readonly errors: number;
  /** In order, at most `MOST_SIGHTINGS`. */
  readonly sightings: readonly Sighting[];
}

export const MOST_SIGHTINGS = 4;

export interface RaisedSignal {
  readonly kind: SignalKind;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Where a new country is all that is odd: calls from elsewhere are not meant. Null for calls from anywhere. */
  readonly country: string | null;
  /** With its values, for operators alone. */
  readonly note: string;
}

/** All that is remembered of a principal. */
export interface PrincipalState {
  readonly v: 1;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly countries: readonly { readonly code: string; readonly lastMs: number }[];
  /** Places apart from each other; where it was last comes last. */
  readonly places: readonly (Position & { readonly atMs: number })[];
  readonly rate: RateTally;
  readonly errors: ErrorTally;
  readonly raised: readonly RaisedSignal[];
}

const MOST_COUNTRIES = 16;
const MOST_PLACES = 6;
/** So many new countries are told apart at once. Nothing that is raised makes room for another: that would be a way to be rid of it. */
const MOST_NEW_COUNTRIES = 5;
/** A place that was not returned to for so long is as good as new. */
const PLACE_MS = 7 * 86_400_000;
const HOUR_MS = 3_600_000;
/** Isolates' clocks, and how long they keep what they saw. */
const OLDEST_MS = 120_000;

/** The state after `seen`, at `nowMs` by the clock of whoever keeps it. */
export function observe(
  before: PrincipalState | null,
  seen: Observation,
  rules: SignalRules,
  nowMs: number,
): PrincipalState {
  const atMs = within(seen.atMs, nowMs);
  const start = before ?? newState(nowMs);
  const tallies = closeMinutes(start, { ...seen, atMs });
  let state: PrincipalState = { ...start, ...tallies, lastMs: nowMs, raised: live(start.raised, nowMs) };
  for (const sighting of seen.sightings.slice(0, MOST_SIGHTINGS)) {
    state = sight(state, { ...sighting, atMs: within(sighting.atMs, nowMs) }, rules, nowMs);
  }
  const rateNote = rules.rate === null ? null : rateIsFar(state.rate, rules.rate);
  if (rateNote !== null) state = raise(state, "unusual_rate", null, rateNote, rules, nowMs);
  const errorNote = rules.errors === null ? null : errorsBurst(state.errors, rules.errors);
  return errorNote === null ? state : raise(state, "error_burst", null, errorNote, rules, nowMs);
}

/** What is raised at `nowMs`. */
export function live(raised: readonly RaisedSignal[], nowMs: number): readonly RaisedSignal[] {
  return raised.filter(({ untilMs }) => nowMs < untilMs);
}

function newState(nowMs: number): PrincipalState {
  return { v: 1, firstMs: nowMs, lastMs: nowMs, countries: [], places: [], ...newTallies(), raised: [] };
}

/** No isolate's clock moves anything further than this. */
function within(atMs: number, nowMs: number): number {
  return Math.min(nowMs, Math.max(nowMs - OLDEST_MS, atMs));
}

function sight(before: PrincipalState, sighting: Sighting, rules: SignalRules, nowMs: number): PrincipalState {
  const state = sighting.country === null ? before : visit(before, sighting.country, rules, nowMs);
  return sighting.position === null
    ? state
    : travel(state, { ...sighting.position, atMs: sighting.atMs }, rules, nowMs);
}

function visit(state: PrincipalState, country: string, rules: SignalRules, nowMs: number): PrincipalState {
  const isKnown = state.countries.some(({ code }) => code === country);
  const others = state.countries.filter(({ code }) => code !== country);
  const after = { ...state, countries: [...others, { code: country, lastMs: nowMs }].slice(-MOST_COUNTRIES) };
  const learning = rules.newCountry === null || nowMs < state.firstMs + rules.newCountry.learnMs;
  if (isKnown || learning || state.countries.length === 0) return after;
  const known = others.map(({ code }) => code).join(" ");
  const note = `${country}, known: ${known}`;
  const isNewCountry = ({ kind }: RaisedSignal) => kind === "new_country";
  const raised = after.raised.filter(isNewCountry);
  if (raised.length < MOST_NEW_COUNTRIES && raised.every((one) => one.country !== null)) {
    return raise(after, "new_country", country, note, rules, nowMs);
  }
  // Whoever shows still more is odd wherever it calls from.
  const rest = after.raised.filter((one) => !isNewCountry(one) || one.country === null);
  return raise({ ...after, raised: rest }, "new_country", null, note, rules, nowMs);
}

/** Faster than anybody travels, to a place that it did not call from lately: whoever changes between the same few is at home in all. */
function travel(
  state: PrincipalState,
  place: PrincipalState["places"][number],
  rules: SignalRules,
  nowMs: number,
): PrincipalState {
  if (rules.travel === null) return state;
  const { minKm, kmPerHour } = rules.travel;
  const remembered = state.places.filter(({ atMs }) => place.atMs - atMs < PLACE_MS);
  const apart = remembered.filter((one) => distanceKm(one, place) >= minKm);
  const after = { ...state, places: [...apart, place].slice(-MOST_PLACES) };
  const last = remembered.at(-1);
  if (last === undefined || apart.length < remembered.length) return after;
  const km = distanceKm(last, place);
  const hours = Math.abs(place.atMs - last.atMs) / HOUR_MS;
  if (km <= kmPerHour * hours) return after;
  const note = `${Math.round(km)} km in ${Math.round(hours * 60)} min`;
  return raise(after, "impossible_travel", null, note, rules, nowMs);
}

function raise(
  state: PrincipalState,
  kind: SignalKind,
  country: string | null,
  note: string,
  { cooldownMs }: SignalRules,
  nowMs: number,
): PrincipalState {
  const isSame = (one: RaisedSignal) => one.kind === kind && one.country === country;
  const sinceMs = state.raised.find(isSame)?.sinceMs ?? nowMs;
  const raised = { kind, sinceMs, untilMs: nowMs + cooldownMs, country, note };
  return { ...state, raised: [...state.raised.filter((one) => !isSame(one)), raised] };
}

const EARTH_RADIUS_KM = 6_371;

/** Along the surface, by the haversine formula. */
export function distanceKm(a: Position, b: Position): number {
  const [from, to] = [radians(a.latitude), radians(b.latitude)];
  const across = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const chord = Math.sin((to - from) / 2) ** 2 + Math.cos(from) * Math.cos(to) * across;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(chord)));
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}
