import type { CompiledConfig } from "../config/compile.ts";
import { Kept } from "../kernel/kept.ts";
import { Outage, orOutage } from "../kernel/outage.ts";
import type { ConfigReader } from "../ports/config_reader.ts";
import type { Defer, FeedFollower } from "../ports/edge_feed.ts";
import { BUNDLED, type ConfigPointer } from "../protocol/edge_feed.ts";
import { VersionLoading } from "./version_loading.ts";

/** How long a request waits for a configuration while the last good one could serve it. */
const WARM_WAIT_MS = 250;
/** How long one waits that nothing else could serve: its loading has deadlines of its own, but may be cut off. */
const COLD_WAIT_MS = 6_000;
/** The pause after a configuration could not be had. */
const RETRY_MS = 2_000;
/** The pause between requests that wait for a feed that does not answer. */
const FEED_PAUSE_MS = 1_000;

/** What following is made of. */
export interface FollowedParts<Wired> {
  readonly feed: Omit<FeedFollower, "roles" | "shadow">;
  /** The configuration that was deployed with the code. */
  readonly bundled: CompiledConfig;
  /** The configuration called `hash`, proven to be it and fit to run here. Throws `Outage` or a fault of the deployment. */
  readonly load: (hash: string) => Promise<CompiledConfig>;
  readonly truth: Pick<ConfigReader, "configPointer">;
  /** Wires the isolate; what it keeps from one configuration to the next it asks `kept` for. */
  readonly wire: (config: CompiledConfig, kept: Kept, hash: string) => Wired;
  /** Hears what runs from now on. */
  readonly runs: (pointer: ConfigPointer) => void;
  /** Hears what could not be had, and whether the last good one serves on. */
  readonly failed: (pointer: ConfigPointer | null, error: unknown, lastGood: ConfigPointer | null) => void;
}

/**
 * The configuration that one isolate runs. It follows the feed's pointer: a newer one is loaded, proven, wired and put in place
 * between two requests, while those that began on the old one end on it.
 *
 * What cannot be had changes nothing: the last good one serves on. An isolate that has none yet serves nobody then (`Outage` of
 * `configuration`), for a route may have been closed since it was deployed; so does one that learns neither from the feed nor from the
 * issuer whether anything was published.
 */
export class FollowedConfig<Wired> {
  readonly #parts: FollowedParts<Wired>;
  #kept = new Kept();
  #running: { readonly pointer: ConfigPointer; readonly wired: Wired } | null = null;
  readonly #loading = new VersionLoading("configuration", RETRY_MS);
  #feedOutAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FollowedParts<Wired>) {
    this.#parts = parts;
  }

  /** What serves a request at `nowMs`: at once where the feed is fresh and says nothing new. */
  at(nowMs: number, defer: Defer): Wired | Promise<Wired> {
    const running = this.#running;
    const { feed } = this.#parts;
    if (running !== null && feed.isFresh(nowMs) && feed.pointer.version <= running.pointer.version)
      return running.wired;
    return running === null ? this.#begin(nowMs, defer) : this.#catchUp(running.pointer, nowMs, defer);
  }

  /** What runs here; null before the first request. */
  get pointer(): ConfigPointer | null {
    return this.#running?.pointer ?? null;
  }

  async #begin(nowMs: number, defer: Defer): Promise<Wired> {
    const { feed } = this.#parts;
    const view = await feed.view(nowMs, defer, 0);
    // Nothing but the deployment is needed where nothing was published; its faults are told as what they are.
    if (view !== null && feed.pointer.hash === BUNDLED) this.#put(feed.pointer, this.#parts.bundled);
    else {
      const wanted = view === null ? null : feed.pointer;
      await orOutage("configuration", COLD_WAIT_MS, () => this.#follow(wanted, nowMs, defer));
    }
    if (this.#running === null) throw new Outage("configuration");
    return this.#running.wired;
  }

  async #catchUp(before: ConfigPointer, nowMs: number, defer: Defer): Promise<Wired> {
    const { feed } = this.#parts;
    const isPausing = nowMs >= this.#feedOutAtMs && nowMs - this.#feedOutAtMs < FEED_PAUSE_MS;
    if (!isPausing && (await feed.view(nowMs, defer, 0)) === null) this.#feedOutAtMs = nowMs;
    const { pointer } = feed;
    if (pointer.version > before.version) {
      const wait = orOutage("configuration", WARM_WAIT_MS, () => this.#follow(pointer, nowMs, defer));
      await wait.catch(() => undefined);
    }
    if (this.#running === null) throw new Outage("configuration");
    return this.#running.wired;
  }

  /** Null: ask what runs. */
  #follow(wanted: ConfigPointer | null, nowMs: number, defer: Defer): Promise<void> {
    return this.#loading.follow(wanted?.version ?? 0, nowMs, defer, () => this.#load(wanted, nowMs));
  }

  /** Where the feed's word leads nowhere, the truth may have moved on without it. Throws `Outage`. */
  async #load(wanted: ConfigPointer | null, nowMs: number): Promise<void> {
    try {
      if (wanted !== null) return await this.#run(wanted);
      return await this.#run(await this.#parts.truth.configPointer());
    } catch (error) {
      const newer = wanted === null ? null : await this.#newerThan(wanted);
      if (newer !== null && (await this.#run(newer).then(yes, no))) return;
      if (this.#loading.failed(wanted?.version ?? 0, nowMs)) this.#parts.failed(wanted, error, this.pointer);
      throw new Outage("configuration", { cause: error });
    }
  }

  async #newerThan(wanted: ConfigPointer): Promise<ConfigPointer | null> {
    const pointer = await this.#parts.truth.configPointer().catch(() => null);
    return pointer !== null && pointer.version > wanted.version ? pointer : null;
  }

  async #run(pointer: ConfigPointer): Promise<void> {
    const { load, bundled } = this.#parts;
    const isSame = pointer.hash === this.#running?.pointer.hash;
    this.#put(pointer, isSame ? null : pointer.hash === BUNDLED ? bundled : await load(pointer.hash));
  }

  /** Puts `config` in place; null where what runs is called by `pointer` from now on. Never goes back to an older version. */
  #put(pointer: ConfigPointer, config: CompiledConfig | null): void {
    const running = this.#running;
    if (running !== null && pointer.version <= running.pointer.version) return;
    if (config === null && running !== null) {
      this.#running = { pointer, wired: running.wired };
    } else if (config !== null) {
      const kept = this.#kept.next();
      const wired = this.#parts.wire(config, kept, pointer.hash);
      kept.settle();
      this.#kept = kept;
      this.#running = { pointer, wired };
    }
    this.#parts.runs(pointer);
  }
}

const yes = () => true;
const no = () => false;
