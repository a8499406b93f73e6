import { DEFAULT_FEED_BOUNDS } from "../../src/adapters/aged_revocations.ts";

/**
 * How isolates reach the feed. Times in milliseconds. What a tier answers carries its age along, so an isolate holds to the same
 * bounds whatever stands between.
 */
export interface Topology {
  readonly name: string;
  /** How long a location's cache answers for the feed; 0 where there is none. */
  readonly locationCacheMs: number;
  /** Replicas between the isolates and the object; 0 where they ask the object itself. */
  readonly replicas: number;
  /** How old a replica's picture may be when it answers. */
  readonly replicaMs: number;
}

/** What the installation has to carry. */
export interface Load {
  readonly locations: number;
  readonly isolatesPerLocation: number;
  /** Requests a second of a busy isolate. Every fifth is quiet: one request in ten seconds. */
  readonly requestsPerSecond: number;
  readonly revocationsPerMinute: number;
}

/** What one run counted, after the first 10 s. */
export interface Counted {
  readonly isolates: number;
  readonly decisions: number;
  /** Decisions that waited for a pull. */
  readonly waited: number;
  /** Pulls of isolates, whoever answered them. */
  readonly pulls: number;
  /** What reached the one object: pulls, the most in one second, and entries told. */
  readonly objectPulls: number;
  readonly objectPeak: number;
  readonly objectEntries: number;
  /** What the replicas answered, where there are any. */
  readonly replicaPulls: number;
  /** Entries told to isolates. */
  readonly entries: number;
  readonly seconds: number;
  /** How old the picture was that a decision used: half of them, 99 in 100, and all were no older. */
  readonly staleness: { readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number };
}

export const TODAY: Topology = {
  name: "one object (built)",
  locationCacheMs: 0,
  replicas: 0,
  replicaMs: 0,
};

const { freshMs: FRESH_MS, staleMs: STALE_MS } = DEFAULT_FEED_BOUNDS;
const TICK_MS = 10;
const WARM_UP_MS = 10_000;
const RUN_MS = 40_000;
const CACHE_HIT_MS = 2;
/** Round trips: across the world to one object, and to a replica of the region. */
const FAR_MS = { least: 10, most: 200 };
const NEAR_MS = { least: 5, most: 40 };

interface Isolate {
  readonly location: number;
  readonly meanGapMs: number;
  nextMs: number;
  asOfMs: number;
  pull: { readonly asOfMs: number; readonly doneMs: number } | null;
}

/** Where the pictures of a run come from: what each tier holds, and what reached the object. */
interface Source {
  /** Asks at `nowMs` from `location`, having all up to `hadMs`: as of when the picture is, and when it has arrived. */
  ask(location: number, nowMs: number, hadMs: number): { readonly asOfMs: number; readonly doneMs: number };
}

/** Runs `topology` under `load` for 40 s of simulated time. The same seed gives the same figures. */
export function simulate(topology: Topology, load: Load, seed = 1): Counted {
  const random = randomFrom(seed);
  const object = new ObjectLoad(load.revocationsPerMinute / 60_000);
  const source = sourceOf(topology, load, object, random);
  const isolates = isolatesOf(load, random);
  const ages: number[] = [];
  let [waited, pulls, entries] = [0, 0, 0];
  for (let tickMs = 0; tickMs < RUN_MS; tickMs += TICK_MS) {
    for (const isolate of isolates) {
      for (; isolate.nextMs < tickMs + TICK_MS; isolate.nextMs += isolate.meanGapMs * gap(random)) {
        const nowMs = isolate.nextMs;
        const had = isolate.asOfMs;
        settle(isolate, nowMs);
        const age = nowMs - isolate.asOfMs;
        const begins = age > FRESH_MS && isolate.pull === null;
        if (begins) isolate.pull = source.ask(isolate.location, nowMs, isolate.asOfMs);
        const waits = age > STALE_MS ? isolate.pull : null;
        if (waits !== null) settle(isolate, waits.doneMs);
        if (nowMs < WARM_UP_MS) continue;
        ages.push((waits?.doneMs ?? nowMs) - isolate.asOfMs);
        waited += waits === null ? 0 : 1;
        pulls += begins ? 1 : 0;
        entries += object.entriesBetween(had, isolate.asOfMs);
      }
    }
  }
  ages.sort((a, b) => a - b);
  const at = (share: number) => ages[Math.min(ages.length - 1, Math.floor(ages.length * share))] ?? 0;
  const staleness = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  const seconds = (RUN_MS - WARM_UP_MS) / 1_000;
  const counted = { isolates: isolates.length, decisions: ages.length, waited, pulls, entries, seconds, staleness };
  const reached = { objectPulls: object.pulls, objectPeak: object.peak, objectEntries: object.entries };
  return { ...counted, ...reached, replicaPulls: object.replicaPulls };
}

function settle(isolate: Isolate, nowMs: number): void {
  if (isolate.pull === null || isolate.pull.doneMs > nowMs) return;
  isolate.asOfMs = Math.max(isolate.asOfMs, isolate.pull.asOfMs);
  isolate.pull = null;
}

/** What reaches the one object and its replicas, after the first 10 s. */
class ObjectLoad {
  readonly #entriesPerMs: number;
  readonly #perSecond = new Map<number, number>();
  entries = 0;
  replicaPulls = 0;

  constructor(entriesPerMs: number) {
    this.#entriesPerMs = entriesPerMs;
  }

  get pulls(): number {
    return [...this.#perSecond.values()].reduce((sum, count) => sum + count, 0);
  }

  get peak(): number {
    return Math.max(0, ...this.#perSecond.values());
  }

  entriesBetween(fromMs: number, toMs: number): number {
    return Math.max(0, toMs - fromMs) * this.#entriesPerMs;
  }

  /** One pull by somebody who had everything up to `hadMs`. */
  pull(nowMs: number, hadMs: number): void {
    if (nowMs < WARM_UP_MS) return;
    const second = Math.floor(nowMs / 1_000);
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + 1);
    this.entries += this.entriesBetween(hadMs, nowMs);
  }
}

function sourceOf(topology: Topology, load: Load, object: ObjectLoad, random: () => number): Source {
  const { least, most } = topology.replicas > 0 ? NEAR_MS : FAR_MS;
  const tripMs = Array.from({ length: load.locations }, () => least + random() * (most - least));
  const replicas = Array.from({ length: topology.replicas }, () => Number.NEGATIVE_INFINITY);
  const caches = Array.from({ length: load.locations }, () => ({ asOfMs: 0, doneMs: 0, endMs: 0 }));
  const beyond = (location: number, nowMs: number, hadMs: number): number => {
    if (replicas.length === 0) {
      object.pull(nowMs, hadMs);
      return nowMs;
    }
    object.replicaPulls += nowMs < WARM_UP_MS ? 0 : 1;
    const replica = location % replicas.length;
    const heldMs = replicas[replica] ?? Number.NEGATIVE_INFINITY;
    if (nowMs - heldMs <= topology.replicaMs) return heldMs;
    object.pull(nowMs, Math.max(heldMs, 0));
    replicas[replica] = nowMs;
    return nowMs;
  };
  return {
    ask(location, nowMs, isolateHadMs) {
      const cache = caches[location];
      const isHit = cache !== undefined && cache.doneMs <= nowMs && nowMs < cache.endMs;
      if (isHit) return { asOfMs: cache.asOfMs, doneMs: nowMs + CACHE_HIT_MS };
      const hadMs = topology.locationCacheMs > 0 ? (cache?.asOfMs ?? 0) : isolateHadMs;
      const asOfMs = beyond(location, nowMs, hadMs);
      const doneMs = nowMs + (tripMs[location] ?? most);
      if (topology.locationCacheMs > 0) {
        caches[location] = { asOfMs, doneMs, endMs: nowMs + topology.locationCacheMs };
      }
      return { asOfMs, doneMs };
    },
  };
}

/** Isolates that have pulled at some moment of the last 2 s. */
function isolatesOf(load: Load, random: () => number): readonly Isolate[] {
  return Array.from({ length: load.locations * load.isolatesPerLocation }, (_, at) => {
    const meanGapMs = at % 5 === 4 ? 10_000 : 1_000 / load.requestsPerSecond;
    const location = Math.floor(at / load.isolatesPerLocation);
    return { location, meanGapMs, nextMs: meanGapMs * gap(random), asOfMs: -2_000 * random(), pull: null };
  });
}

/** The time to the next request, in means: exponential, as independent callers come. */
function gap(random: () => number): number {
  return -Math.log(1 - random());
}

/** Numbers in [0, 1) from `seed`, the same everywhere (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
