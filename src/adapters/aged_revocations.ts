import { Outage, orOutage } from "../kernel/outage.ts";
import type { Defer, EdgeFeedReader, FeedFollower, RevocationView } from "../ports/edge_feed.ts";
import {
  type ConfigPointer,
  type FeedPage,
  FeedView,
  isFeedPage,
  type RolesPointer,
  type ShadowPointer,
} from "../protocol/edge_feed.ts";
import { FeedOutageLog } from "./feed_outage_log.ts";

/** All in milliseconds. */
export interface FeedBounds {
  /** Up to this age the snapshot is used as it is. */
  readonly freshMs: number;
  /** Up to this age it is used while a pull runs behind the request; beyond it a request waits for the pull. */
  readonly staleMs: number;
  /** How long a request waits. */
  readonly deadlineMs: number;
}

/** A revocation bites within `staleMs` and one round trip. */
export const DEFAULT_FEED_BOUNDS: FeedBounds = { freshMs: 2_000, staleMs: 3_000, deadlineMs: 250 };

/** A pull whose own request was cut off never settles: after this long it is given up for a new one. */
const STUCK_MS = 1_000;

/** The edge feed in one isolate: plain data with an age, and the promise of a pull, which requests may share. */
export class AgedRevocations implements FeedFollower {
  readonly #reader: EdgeFeedReader;
  readonly #bounds: FeedBounds;
  readonly #view = new FeedView();
  readonly #outages = new FeedOutageLog();
  /** When the last whole pull began: what happened later may be missing. */
  #asOfMs = Number.NEGATIVE_INFINITY;
  #pull: { readonly done: Promise<void>; readonly startedMs: number } | null = null;
  #expiries = 0;

  constructor(reader: EdgeFeedReader, bounds: FeedBounds = DEFAULT_FEED_BOUNDS) {
    this.#reader = reader;
    this.#bounds = bounds;
  }

  view(nowMs: number, defer: Defer, toleratedAgeMs: number): RevocationView | Promise<RevocationView | null> {
    const ageMs = this.#ageMs(nowMs);
    if (ageMs <= this.#bounds.freshMs) return this.#view;
    if (ageMs > this.#bounds.staleMs) return this.#caughtUp(nowMs, ageMs, defer, toleratedAgeMs);
    this.#catchUp(nowMs, defer).catch((error: unknown) => this.#outages.failed(error, nowMs, ageMs));
    return this.#view;
  }

  async #caughtUp(nowMs: number, ageMs: number, defer: Defer, toleratedAgeMs: number): Promise<RevocationView | null> {
    try {
      await orOutage("edge_feed", this.#bounds.deadlineMs, () => this.#catchUp(nowMs, defer));
      return this.#view;
    } catch (error) {
      this.#outages.failed(error, nowMs, ageMs);
      return ageMs <= this.#bounds.staleMs + toleratedAgeMs ? this.#view : null;
    }
  }

  isFresh(nowMs: number): boolean {
    return this.#ageMs(nowMs) <= this.#bounds.freshMs;
  }

  get pointer(): ConfigPointer {
    return this.#view.pointer;
  }

  get roles(): RolesPointer {
    return this.#view.roles;
  }

  get shadow(): ShadowPointer {
    return this.#view.shadow;
  }

  expire(): void {
    this.#expiries += 1;
    this.#asOfMs = Number.NEGATIVE_INFINITY;
    this.#pull = null;
  }

  /**
   * A request may have begun before another one's pull did that has ended by now: it is asked about as of now, or it would take what was just read for old.
   * A clock that went backwards proves nothing about age: such a snapshot counts as old.
   */
  #ageMs(begunMs: number): number {
    const nowMs = begunMs < this.#asOfMs ? Date.now() : begunMs;
    return nowMs < this.#asOfMs ? Number.POSITIVE_INFINITY : nowMs - this.#asOfMs;
  }

  /** A pull is handed to the platform: callers who hang up must not be able to end it for those who wait. */
  #catchUp(nowMs: number, defer: Defer): Promise<void> {
    if (this.#pull !== null && nowMs - this.#pull.startedMs < STUCK_MS) return this.#pull.done;
    const pull = { startedMs: nowMs, done: this.#pullAll(nowMs) };
    const forget = () => {
      if (this.#pull === pull) this.#pull = null;
    };
    defer(pull.done.then(forget, forget));
    this.#pull = pull;
    return pull.done;
  }

  async #pullAll(startedMs: number): Promise<void> {
    const expiries = this.#expiries;
    for (let page = await this.#page(); ; page = await this.#pageAfter(page)) {
      this.#view.apply(page);
      if (!page.more) break;
    }
    this.#view.prune(startedMs);
    this.#outages.succeeded(startedMs);
    // What was written here after this pull began may not be in it.
    if (expiries === this.#expiries) this.#asOfMs = startedMs;
  }

  /** What cannot be read changes nothing of what is known: a page is taken whole or not at all. */
  async #page(): Promise<FeedPage> {
    const page: unknown = await this.#reader.pull(this.#view.position);
    if (!isFeedPage(page)) throw new Outage("edge_feed", { cause: "no page" });
    return page;
  }

  /** A feed that promises more and gets nowhere would be pulled without end. */
  async #pageAfter({ position }: FeedPage): Promise<FeedPage> {
    const page = await this.#page();
    const goesOn = page.position.generation === position.generation && page.position.seq > position.seq;
    if (page.more && !goesOn) throw new Outage("edge_feed", { cause: "pages without end" });
    return page;
  }
}
