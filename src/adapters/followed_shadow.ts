import { orOutage } from "../kernel/outage.ts";
import type { Defer, FeedFollower } from "../ports/edge_feed.ts";
import { NEVER_IN_SHADOW, NOTHING_IN_SHADOW, type ShadowPointer } from "../protocol/edge_feed.ts";
import { VersionLoading } from "./version_loading.ts";

/** A loading takes no longer: it is given up then, and tried again later. */
const LOAD_MS = 8_000;
/** The pause after what is tried could not be had. Nobody waits for it. */
const RETRY_MS = 30_000;

/** What following is made of. */
export interface FollowedShadowParts<Tried> {
  readonly feed: Pick<FeedFollower, "shadow">;
  /** The configuration called `hash`, proven to be it and fit to run here. Throws `Outage` or a fault of the deployment. */
  readonly load: (hash: string) => Promise<Tried>;
  /** Hears what is tried from now on. */
  readonly runs: (pointer: ShadowPointer) => void;
  readonly failed: (pointer: ShadowPointer, error: unknown) => void;
}

/**
 * What one isolate tries beside what it runs. It follows the feed's second pointer, one configuration at a time; the one before is let go at once. Nobody ever
 * waits for it: until it is here, and where it cannot be had, nothing is tried.
 */
export class FollowedShadow<Tried> {
  readonly #parts: FollowedShadowParts<Tried>;
  #held: { readonly pointer: ShadowPointer; readonly tried: Tried | null } = { pointer: NEVER_IN_SHADOW, tried: null };
  readonly #loading = new VersionLoading("shadow", RETRY_MS);

  constructor(parts: FollowedShadowParts<Tried>) {
    this.#parts = parts;
  }

  /** What is tried at `nowMs`; null where nothing is, or it is not here yet: then it is fetched behind the call. */
  at(nowMs: number, defer: Defer): Tried | null {
    const { shadow } = this.#parts.feed;
    if (shadow.version !== this.#held.pointer.version) this.#follow(shadow, nowMs, defer);
    return this.#held.tried;
  }

  #follow(pointer: ShadowPointer, nowMs: number, defer: Defer): void {
    if (pointer.hash === NOTHING_IN_SHADOW) {
      this.#put(pointer, null);
      return;
    }
    if (this.#held.tried !== null) this.#held = { pointer: this.#held.pointer, tried: null };
    if (this.#loading.isPausing(pointer.version, nowMs)) return;
    void this.#loading.follow(pointer.version, nowMs, defer, () => this.#load(pointer, nowMs));
  }

  /** Never throws: nobody waits. */
  async #load(pointer: ShadowPointer, nowMs: number): Promise<void> {
    try {
      const tried = await orOutage("shadow", LOAD_MS, () => this.#parts.load(pointer.hash));
      // Another one may have been announced meanwhile.
      if (this.#parts.feed.shadow.version === pointer.version) this.#put(pointer, tried);
    } catch (error) {
      if (this.#loading.failed(pointer.version, nowMs)) this.#parts.failed(pointer, error);
    }
  }

  #put(pointer: ShadowPointer, tried: Tried | null): void {
    this.#held = { pointer, tried };
    this.#parts.runs(pointer);
  }
}
