import { RefusedKeys } from "../limits/refused_keys.ts";
import type { CountedNetwork } from "../ports/guesses.ts";
import type { GuessesObject, Pace } from "../ports/guesses_object.ts";

/**
 * What one object counts for a network at the most. It keeps the time of each unit in one value, which the platform lets have 2 MB: sixteen
 * times the widest budget of an address would not fit, and an object that cannot count is an outage.
 */
const MOST_UNITS = 100_000;

/** Asks the object of that name, within a deadline. */
export type AskObject = <T>(name: string, call: (object: GuessesObject) => Promise<T>) => Promise<T>;

/** Who is counted, under which kind of budget. */
export interface CountedAddress {
  readonly kind: string;
  readonly key: string;
  readonly networks: readonly CountedNetwork[];
}

/**
 * Budgets by address, and by the networks that an address lies in: all of them grant or none is charged. The address is asked first, so that
 * who is over its own budget takes nothing of its neighbours'. A network that refused is remembered in this isolate for as long as it
 * said, or until something is given back to it: a flood from ever new addresses of it makes no object for each of them, and costs no call.
 */
export class AddressBudgets {
  readonly #ask: AskObject;
  readonly #refused = new RefusedKeys();

  constructor(ask: AskObject) {
    this.#ask = ask;
  }

  /** Takes one unit of the address and of its networks, which have `times` as many, as far as one object counts; otherwise how long to wait. */
  async take(of: CountedAddress, { most, windowMs }: Pace, nowMs: number): Promise<{ retryAfterMs: number } | null> {
    const networks = of.networks.map(({ key, times }) => {
      return { name: `${of.kind}:${key}`, most: Math.max(most, Math.min(most * times, MOST_UNITS)) };
    });
    const refusedSeconds = Math.max(0, ...networks.map(({ name }) => this.#refused.waitSeconds(name, nowMs)));
    if (refusedSeconds > 0) return { retryAfterMs: refusedSeconds * 1_000 };
    const own = await this.#ask(`${of.kind}:${of.key}`, (object) => object.take({ most, windowMs }, nowMs));
    if (own !== null || networks.length === 0) return own;
    const asked = await Promise.all(
      networks.map(async (network) => ({
        ...network,
        wait: await this.#ask(network.name, (object) => object.take({ most: network.most, windowMs }, nowMs)),
      })),
    );
    const retryAfterMs = Math.max(0, ...asked.map(({ wait }) => wait?.retryAfterMs ?? 0));
    if (retryAfterMs === 0) return null;
    for (const { name, wait } of asked) {
      if (wait !== null) this.#refused.refuse(name, wait.retryAfterMs / 1_000, nowMs);
    }
    const taken = asked.flatMap(({ name, wait }) => (wait === null ? [name] : []));
    await this.#giveBack([`${of.kind}:${of.key}`, ...taken], nowMs);
    return { retryAfterMs };
  }

  /** Gives back what `take` took at `takenAtMs`. */
  giveBack({ kind, key, networks }: CountedAddress, takenAtMs: number): Promise<void> {
    return this.#giveBack(
      [key, ...networks.map((network) => network.key)].map((one) => `${kind}:${one}`),
      takenAtMs,
    );
  }

  /** What is taken of the address now, or of a network in proportion, whichever is more. Past `enough` of the address no network is asked. */
  async taken({ kind, key, networks }: CountedAddress, enough: number, nowMs: number): Promise<number> {
    const own = await this.#ask(`${kind}:${key}`, (object) => object.taken(nowMs));
    if (own >= enough || networks.length === 0) return own;
    const shares = networks.map(async (network) => {
      const taken = await this.#ask(`${kind}:${network.key}`, (object) => object.taken(nowMs));
      return Math.floor(taken / network.times);
    });
    return Math.max(own, ...(await Promise.all(shares)));
  }

  async #giveBack(names: readonly string[], takenAtMs: number): Promise<void> {
    await Promise.all(names.map((name) => this.#ask(name, (object) => object.giveBack(takenAtMs))));
    // What filled it may all have been right: neighbours must not wait for the end of its window then.
    for (const name of names) this.#refused.forget(name);
  }
}
