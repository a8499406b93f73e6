import { Lru } from "../kernel/lru.ts";
import { LocalPace } from "../limits/local_pace.ts";
import { pathShape } from "../policy/path_shape.ts";
import type { UnlistedCall, UnlistedCallRecords } from "../ports/unlisted_calls.ts";
import type { Call } from "./gate.ts";

/** What a route could list; every other method is one. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
/** Shapes that are counted by themselves between two tellings. */
const MAX_WAITING = 100;
/** Shapes new to this isolate that one address may bring in a minute: what it tries beyond that is counted together. */
const NEW_SHAPES_PER_MINUTE = 10;
const ENTRY_BYTES = 1_024;
/** What comes together is told together. */
const COLLECT_MS = 1_000;
/** Between two tellings; behind an answer the platform gives 30 s. */
const PACE_MS = 10_000;
/** A telling whose own request was cut off never settles: after this long it is given up. */
const STUCK_MS = 25_000;

/**
 * Calls to what no route lists, counted in this isolate and told behind answers, at most once in ten seconds. What an isolate takes with it when it
 * ends is lost: it is a help for finding forgotten APIs, no record of calls. Who scans for paths fills neither the memory nor the table: of one
 * address only a few new shapes a minute count by themselves.
 */
export class UnlistedCalls {
  readonly #records: UnlistedCallRecords;
  readonly #known: ReadonlySet<string>;
  readonly #lost: (calls: number, error: unknown) => void;
  readonly #pause: (ms: number) => Promise<void>;
  readonly #seen = new Lru<true>({ maxEntries: 1_000, maxBytes: 1_000 * ENTRY_BYTES });
  readonly #newShapes = new LocalPace(NEW_SHAPES_PER_MINUTE);
  #waiting = new Map<string, UnlistedCall>();
  #startedMs: number | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** `known`: the beginnings of all routes. `lost` hears of what could not be told. */
  constructor(
    records: UnlistedCallRecords,
    known: ReadonlySet<string>,
    lost: (calls: number, error: unknown) => void,
    pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#records = records;
    this.#known = known;
    this.#lost = lost;
    this.#pause = pause;
  }

  /** Counts a call to a path that no route lists, or with a method that none lists there. */
  note(kind: UnlistedCall["kind"], { method, segments, address, nowMs, defer }: Call): void {
    const told = METHODS.has(method) ? method : "OTHER";
    const path = pathShape(segments, this.#known);
    const isOwn = this.#countsByItself(`${kind} ${told} ${path}`, address, nowMs);
    this.#count(isOwn ? { kind, method: told, path } : { kind, method: "*", path: "*" }, nowMs);
    if (this.#startedMs !== null && nowMs - this.#startedMs < STUCK_MS) return;
    this.#startedMs = nowMs;
    defer(this.#tell(nowMs));
  }

  #countsByItself(key: string, address: string, nowMs: number): boolean {
    if (this.#waiting.has(key)) return true;
    if (this.#waiting.size >= MAX_WAITING) return false;
    if (this.#seen.get(key) === undefined) {
      if (this.#newShapes.take(address, nowMs) > 0) return false;
      this.#seen.set(key, true, ENTRY_BYTES);
    }
    return true;
  }

  #count(shape: Pick<UnlistedCall, "kind" | "method" | "path">, nowMs: number): void {
    const key = `${shape.kind} ${shape.method} ${shape.path}`;
    const { calls, firstMs } = this.#waiting.get(key) ?? { calls: 0, firstMs: nowMs };
    this.#waiting.set(key, { ...shape, calls: calls + 1, firstMs, lastMs: nowMs });
  }

  async #tell(startedMs: number): Promise<void> {
    const pauseMs = Math.min(PACE_MS, Math.max(COLLECT_MS, this.#toldMs + PACE_MS - startedMs));
    await this.#pause(pauseMs);
    if (this.#startedMs !== startedMs) return;
    const batch = [...this.#waiting.values()];
    this.#waiting = new Map();
    this.#toldMs = startedMs + pauseMs;
    try {
      await this.#records.note(batch);
    } catch (error) {
      this.#lost(
        batch.reduce((sum, { calls }) => sum + calls, 0),
        error,
      );
    }
    if (this.#startedMs === startedMs) this.#startedMs = null;
  }
}
