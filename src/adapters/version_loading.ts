import { Outage } from "../kernel/outage.ts";
import type { Defer } from "../ports/edge_feed.ts";

/** What goes on failing is told again after so long. */
const TELL_MS = 60_000;
/** A loading whose own request was cut off never settles: after this long, more than its deadlines, it is given up. */
const STUCK_MS = 10_000;

/**
 * How an isolate gets at a version that the edge feed has announced: one loading at a time, a pause after a failure, and a word about it now and
 * then. Owns no version; whoever loads one puts it in place.
 */
export class VersionLoading {
  /** Names what is loaded in outages. */
  readonly #dependency: string;
  /** The pause after a failure, in milliseconds: whoever comes meanwhile is refused at once. */
  readonly #retryMs: number;
  #loading: { readonly version: number; readonly startedMs: number; readonly done: Promise<void> } | null = null;
  #failure: { readonly version: number; readonly atMs: number; readonly toldAtMs: number } | null = null;

  constructor(dependency: string, retryMs: number) {
    this.#dependency = dependency;
    this.#retryMs = retryMs;
  }

  /** Settles as the loading of `version` or a newer one does, which all share who wait, and which goes on when the request that began it is gone. */
  follow(version: number, nowMs: number, defer: Defer, load: () => Promise<void>): Promise<void> {
    const current = this.#loading;
    if (current !== null && current.version >= version && nowMs - current.startedMs < STUCK_MS) return current.done;
    if (this.isPausing(version, nowMs)) {
      return Promise.reject(new Outage(this.#dependency, { cause: "failed just before" }));
    }
    const loading = { version, startedMs: nowMs, done: load() };
    this.#loading = loading;
    const forget = () => {
      if (this.#loading === loading) this.#loading = null;
    };
    defer(loading.done.then(forget, forget));
    return loading.done;
  }

  /** Whether `version` could not be had just before, so that nobody tries yet. */
  isPausing(version: number, nowMs: number): boolean {
    const failure = this.#failure;
    return failure !== null && failure.version >= version && Math.abs(nowMs - failure.atMs) < this.#retryMs;
  }

  /** Remembers that `version` could not be had; whether that should be told, because it was not just before. */
  failed(version: number, nowMs: number): boolean {
    const before = this.#failure;
    const isTold = before !== null && before.version === version && Math.abs(nowMs - before.toldAtMs) < TELL_MS;
    this.#failure = { version, atMs: nowMs, toldAtMs: isTold ? before.toldAtMs : nowMs };
    return !isTold;
  }
}
