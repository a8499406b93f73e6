/** A public key as its publisher describes it: nothing in it is trusted before it is checked. */
export type PublishedJwk = Readonly<Record<string, unknown>>;

/** Where an issuer's public keys come from. */
export interface KeySource {
  /** All keys published now. Throws `Outage`. */
  fetch(): Promise<readonly PublishedJwk[]>;
}
