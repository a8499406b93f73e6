import { DurableObject } from "cloudflare:workers";
import { faultText } from "../kernel/fault_text.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { KeyMaker, KeyRing, RotationReport, SealedSigningKey } from "../ports/key_ring.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import {
  acknowledge,
  bootstrap,
  dropDead,
  EMPTY_RING,
  findKey,
  type KeyCandidate,
  keyStatus,
  nextUsableAtMs,
  nextWakeMs,
  type RingSettings,
  type RingState,
  replaceLost,
  rotate,
  rotationsDue,
} from "../protocol/signing_key_ring.ts";

/** What a ring needs; the composition gives it. */
export interface KeyRingWiring {
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly settings: RingSettings;
  readonly maker: KeyMaker;
  /** Where changes are announced; null for a ring that nobody caches by the feed. */
  readonly feed: EdgeFeedWriter | null;
}

/** What a new key is for. */
type Purpose = "first" | "second" | "successor" | "replacement";

const STATE = "ring";
const RETRY_MS = 1_000;
/** How soon an alarm that failed is tried again; the platform's own retries end after a few. */
const ALARM_RETRY_MS = 10_000;

/**
 * The Durable Object round the ring's state machine. Making a key is slow and asynchronous, so it happens before the
 * transition; each transition reads, decides and writes without a pause, which is what makes it atomic here.
 */
export abstract class KeyRingObject<Env> extends DurableObject<Env> implements KeyRing {
  #wiring: KeyRingWiring | undefined;
  readonly #making = new Map<string, Promise<KeyCandidate>>();
  /** Keys whose failed reseal was logged: once per instance, however often it is tried. */
  readonly #reported = new Set<string>();

  protected abstract wire(): KeyRingWiring;

  async published() {
    await this.#ensure();
    const { version, keys } = this.#state();
    return { version, keys: keys.map((key) => key.jwk) };
  }

  async signingKey(alg: SignatureAlgorithm): Promise<SealedSigningKey> {
    await this.#ensure();
    const state = this.#state();
    const key = findKey(state, alg, "active");
    if (key === undefined) throw new Error(`the ring signs no ${alg}`);
    return { version: state.version, kid: key.jwk.kid, alg, sealed: key.sealed };
  }

  async describe() {
    await this.#ensure();
    return this.#state().keys.map((key) => ({
      kid: key.jwk.kid,
      alg: key.jwk.alg,
      status: keyStatus(key),
      publishedAtMs: key.publishedAtMs,
      activatedAtMs: key.activatedAtMs,
      retiredAtMs: key.retiredAtMs,
    }));
  }

  async rotate(algorithms: readonly SignatureAlgorithm[], emergency: boolean) {
    await this.#ensure();
    const wanted = algorithms.length === 0 ? this.#wired().algorithms : algorithms;
    const rotations: RotationReport[] = [];
    for (const alg of wanted) rotations.push(await this.#rotate(alg, emergency));
    return { rotations, announced: await this.#announce() };
  }

  override async alarm(): Promise<void> {
    try {
      const { settings } = this.#wired();
      for (const alg of rotationsDue(this.#state(), Date.now(), settings)) await this.#rotate(alg, false);
      this.#save(dropDead(this.#state(), Date.now(), settings));
      await this.#announce();
    } catch (error) {
      log("signing_key_alarm_failed", { error: faultText(error) });
      await this.ctx.storage.setAlarm(Date.now() + ALARM_RETRY_MS);
    }
  }

  async #rotate(alg: SignatureAlgorithm, emergency: boolean): Promise<RotationReport> {
    const { settings } = this.#wired();
    const usableAtMs = nextUsableAtMs(this.#state(), alg, settings);
    if (usableAtMs === null) throw new Error(`the ring has no ${alg}`);
    const possible = emergency || usableAtMs <= Date.now();
    // An emergency never shares the key of a usual rotation: it would take that rotation for its own, and withdraw nothing.
    const successor = possible ? await this.#make(alg, emergency ? "replacement" : "successor") : null;
    const nowMs = Date.now();
    const rotation = rotate(this.#state(), alg, successor, { nowMs, emergency }, settings);
    this.#save(rotation.state);
    return { alg, outcome: rotation.outcome, atMs: rotation.outcome === "rotated" ? nowMs : rotation.atMs };
  }

  /** Gives each algorithm keys that can sign, and seals anew what an older key-encryption key sealed. */
  async #ensure(): Promise<void> {
    const { algorithms, maker } = this.#wired();
    for (const alg of algorithms) {
      const active = findKey(this.#state(), alg, "active");
      if (active === undefined) await this.#bootstrap(alg);
      else if (!maker.canOpen(active)) await this.#replaceLost(alg);
    }
    const stale = this.#state().keys.filter((key) => key.kekId !== maker.currentKekId && maker.canOpen(key));
    for (const key of stale) {
      const fresh = await maker.reseal(key).catch((error) => this.#reportUnsealable(key, error));
      if (fresh === null) continue;
      const state = this.#state();
      const keys = state.keys.map((key) => (key.jwk.kid === fresh.jwk.kid ? { ...key, ...fresh } : key));
      this.#save({ ...state, keys });
    }
  }

  async #bootstrap(alg: SignatureAlgorithm): Promise<void> {
    const [active, next] = await Promise.all([this.#make(alg, "first"), this.#make(alg, "second")]);
    this.#save(bootstrap(this.#state(), alg, active, next, Date.now()));
    await this.#wakeInTime();
  }

  /**
   * A key whose key-encryption key is gone would leave its algorithm without a signer until the schedule. Only a key that
   * the maker does not know counts as gone: one that fails to open may open again, and new keys for it would be a way to
   * make the ring turn over.
   */
  async #replaceLost(alg: SignatureAlgorithm): Promise<void> {
    const { maker, settings } = this.#wired();
    const pair = await Promise.all([this.#make(alg, "first"), this.#make(alg, "second")]);
    const before = this.#state();
    const after = replaceLost(before, alg, (key) => maker.canOpen(key), pair, Date.now(), settings);
    if (after === before) return;
    this.#save(after);
    const lost = findKey(before, alg, "active");
    log("signing_key_lost", { alg, kid: lost?.jwk.kid, kekId: lost?.kekId });
    await this.#announce();
  }

  /** A key whose seal cannot be opened signs nothing any more; its public half goes on proving what it has signed. */
  #reportUnsealable({ jwk: { kid } }: KeyCandidate, error: unknown): null {
    if (!this.#reported.has(kid)) log("signing_key_reseal_failed", { kid, error: faultText(error) });
    this.#reported.add(kid);
    return null;
  }

  /** One key in the making per purpose: parallel callers share it, and so share the transition that it is for. */
  #make(alg: SignatureAlgorithm, purpose: Purpose): Promise<KeyCandidate> {
    const name = `${alg}:${purpose}`;
    const running = this.#making.get(name);
    if (running !== undefined) return running;
    const made = this.#wired()
      .maker.make(alg)
      .finally(() => this.#making.delete(name));
    this.#making.set(name, made);
    return made;
  }

  async #announce(): Promise<boolean> {
    const { feed } = this.#wired();
    const { outbox } = this.#state();
    let delivered = true;
    if (outbox.length > 0) {
      // Before the feed is asked: an eviction meanwhile must not leave the telling to a distant schedule.
      await this.#wakeInTime();
      delivered =
        feed === null ||
        (await feed.append(outbox).then(
          () => true,
          () => false,
        ));
      if (delivered) this.#save(acknowledge(this.#state(), outbox));
    }
    await this.#wakeInTime();
    return delivered;
  }

  async #wakeInTime(): Promise<void> {
    const state = this.#state();
    const wakeMs = state.outbox.length > 0 ? Date.now() + RETRY_MS : nextWakeMs(state, this.#wired().settings);
    if (wakeMs !== null) await this.ctx.storage.setAlarm(wakeMs);
  }

  #wired(): KeyRingWiring {
    this.#wiring ??= this.wire();
    return this.#wiring;
  }

  #state(): RingState {
    return this.ctx.storage.kv.get<RingState>(STATE) ?? EMPTY_RING;
  }

  #save(state: RingState): void {
    this.ctx.storage.kv.put(STATE, state);
  }
}

function log(event: string, members: Readonly<Record<string, unknown>>): void {
  console.error(JSON.stringify({ event, ...members }));
}
