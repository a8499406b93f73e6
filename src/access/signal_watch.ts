import { Lru } from "../kernel/lru.ts";
import { live, MOST_SIGHTINGS, type Observation, type RaisedSignal, type Sighting } from "../limits/signals.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { SignalStore } from "../ports/signals.ts";

/** What is seen of a principal is told again after so long, and what is raised of it is heard with the answer. */
export const TELL_MS = 10_000;
/** What was heard longer ago says nothing of what is not raised. */
const FRESH_MS = 60_000;
/** So many errors since the last telling, or another place, are told at once. */
const URGENT_ERRORS = 5;
const AT_ONCE = 20;
/** What one request's end may do for others. */
const MOST_TELLINGS = 200;
const PAUSE_MS = 5_000;
/** A telling whose own request was cut off never settles: after this long it is given up. */
const STUCK_MS = 15_000;
/** What an entry takes with places and counts, and each signal that is raised, its note included. */
const ENTRY_BYTES = 512;
const RAISED_BYTES = 256;

interface Watched {
  /** Null until it was heard for the first time. */
  heard: { readonly raised: readonly RaisedSignal[]; readonly atMs: number } | null;
  toldAtMs: number | null;
  /** Where it was when last told. */
  place: string;
  untold: Observation | null;
}

/**
 * What this isolate knows of its principals: what is raised of each, and what it saw of them and has not told yet. Looked up in memory at each
 * call, told behind answers, for all that wait at once. Bounded: whoever was not seen for longest is forgotten, and what was not told of
 * them is lost, as it is when the isolate ends: a signal is a help, no count that anybody pays by.
 */
export class SignalWatch {
  readonly #store: SignalStore;
  readonly #lost: (principals: number, error: unknown) => void;
  readonly #watched = new Lru<Watched>({ maxEntries: 10_000, maxBytes: 6 * 1024 * 1024 });
  readonly #due = new Set<string>();
  #startedMs: number | null = null;
  #pausedUntilMs = 0;

  /** `lost` hears of what could not be told. */
  constructor(store: SignalStore, lost: (principals: number, error: unknown) => void) {
    this.#store = store;
    this.#lost = lost;
  }

  /** What is raised of `subject` as far as this isolate heard; null where that is too long ago to say that nothing is. */
  known(subject: string, nowMs: number): readonly RaisedSignal[] | null {
    const heard = this.#watched.get(subject)?.heard ?? null;
    if (heard === null) return null;
    const raised = live(heard.raised, nowMs);
    return raised.length > 0 || nowMs - heard.atMs < FRESH_MS ? raised : null;
  }

  /** The same, asked for while the call waits. Throws `Outage`. */
  async ask(subject: string, nowMs: number): Promise<readonly RaisedSignal[]> {
    const raised = await this.#store.raised(subject);
    this.#hear(subject, this.#entry(subject), raised, nowMs);
    return live(raised, nowMs);
  }

  /** Notes a call of `subject`, which is proven to be its own. Never waits. */
  note(subject: string, sighting: Sighting, isError: boolean, defer: Defer): void {
    const entry = this.#entry(subject);
    entry.untold = added(entry.untold, sighting, isError);
    const nowMs = sighting.atMs;
    const isDue =
      entry.toldAtMs === null ||
      Math.abs(nowMs - entry.toldAtMs) >= TELL_MS ||
      entry.untold.errors >= URGENT_ERRORS ||
      entry.place !== placeOf(sighting);
    if (isDue && this.#due.size < MOST_TELLINGS) this.#due.add(subject);
    if (this.#due.size === 0 || nowMs < this.#pausedUntilMs) return;
    if (this.#startedMs !== null && nowMs - this.#startedMs < STUCK_MS) return;
    this.#startedMs = nowMs;
    defer(this.#tellAll(nowMs));
  }

  async #tellAll(startedMs: number): Promise<void> {
    let failed = 0;
    let cause: unknown = null;
    for (let told = 0; told < MOST_TELLINGS && this.#due.size > 0 && this.#startedMs === startedMs; told += AT_ONCE) {
      const subjects = [...this.#due].slice(0, AT_ONCE);
      for (const subject of subjects) this.#due.delete(subject);
      const outcomes = await Promise.allSettled(subjects.map((subject) => this.#tell(subject)));
      for (const outcome of outcomes) {
        if (outcome.status === "fulfilled") continue;
        failed += 1;
        cause = outcome.reason;
      }
      if (failed > 0) break;
    }
    if (failed > 0) {
      this.#pausedUntilMs = startedMs + PAUSE_MS;
      this.#lost(failed, cause);
    }
    if (this.#startedMs === startedMs) this.#startedMs = null;
  }

  async #tell(subject: string): Promise<void> {
    const entry = this.#watched.get(subject);
    if (entry === undefined || entry.untold === null) return;
    const { untold } = entry;
    entry.untold = null;
    entry.toldAtMs = untold.atMs;
    const last = untold.sightings.at(-1);
    if (last !== undefined) entry.place = placeOf(last);
    this.#hear(subject, entry, await this.#store.observe(subject, untold), untold.atMs);
  }

  #hear(subject: string, entry: Watched, raised: readonly RaisedSignal[], atMs: number): void {
    entry.heard = { raised, atMs };
    this.#watched.resize(subject, bytesOf(subject, raised.length));
  }

  #entry(subject: string): Watched {
    const held = this.#watched.get(subject);
    if (held !== undefined) return held;
    const entry: Watched = { heard: null, toldAtMs: null, place: "", untold: null };
    this.#watched.set(subject, entry, bytesOf(subject, 0));
    return entry;
  }
}

function bytesOf(subject: string, raised: number): number {
  return ENTRY_BYTES + subject.length + raised * RAISED_BYTES;
}

function added(before: Observation | null, sighting: Sighting, isError: boolean): Observation {
  const { calls, errors, sightings } = before ?? { calls: 0, errors: 0, sightings: [] };
  const last = sightings.at(-1);
  const isSame = last !== undefined && placeOf(last) === placeOf(sighting);
  return {
    atMs: sighting.atMs,
    calls: calls + 1,
    errors: errors + (isError ? 1 : 0),
    sightings: isSame ? sightings : [...sightings, sighting].slice(-MOST_SIGHTINGS),
  };
}

function placeOf({ country, position }: Sighting): string {
  return `${country} ${position?.latitude} ${position?.longitude}`;
}
