/**
 * What an isolate keeps when it is wired anew: caches, counters, breakers. Each thing is asked for by its name and by everything
 * that it was made from; asked for with anything else, it is another thing and is made afresh. What nobody asks for is let go.
 */
export class Kept {
  readonly #held = new Map<string, unknown>();
  #before: ReadonlyMap<string, unknown>;
  readonly #atSettling: (() => void)[] = [];

  constructor(before: ReadonlyMap<string, unknown> = new Map()) {
    this.#before = before;
  }

  /** The thing called `name` that was made from `from` (plain data), or what `make` makes. One name is one type. */
  keep<T>(name: string, from: unknown, make: () => T): T {
    const key = JSON.stringify([name, from]);
    // The name stands for the type: whoever asks by it made it.
    if (!this.#held.has(key)) this.#held.set(key, this.#before.has(key) ? this.#before.get(key) : make());
    return this.#held.get(key) as T;
  }

  /** For the next wiring: everything of this one can be asked for there. */
  next(): Kept {
    return new Kept(this.#held);
  }

  /** Does `change` to a thing that is kept once this wiring is settled: one that fails half way changes nothing. */
  whenSettled(change: () => void): void {
    this.#atSettling.push(change);
  }

  /** This wiring is in use from now on: lets go of what it did not ask for. */
  settle(): void {
    for (const change of this.#atSettling.splice(0)) change();
    this.#before = new Map();
  }
}
