/** A public key as its publisher describes it: nothing in it is trusted before it is checked. */
export type PublishedJwk = Readonly<Record<string, unknown>>;

/** Where an issuer's public keys come from. */
export interface KeySource {
  /** All keys published now. Throws `Outage`. */
  fetch(nowMs: number): Promise<readonly PublishedJwk[]>;
}

/** Keys as they were when they were fetched, in Unix milliseconds. */
export interface KeptKeys {
  readonly keys: readonly PublishedJwk[];
  readonly fetchedAtMs: number;
}

/** Copies of an issuer's keys that isolates leave for each other. */
export interface KeyCopies {
  /** The copy, or null where there is none that can be read as one. Throws `Outage`. */
  read(): Promise<KeptKeys | null>;
  /** Throws `Outage`. */
  write(kept: KeptKeys): Promise<void>;
}
