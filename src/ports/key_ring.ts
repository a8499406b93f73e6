import type { SignatureAlgorithm } from "../protocol/jws.ts";
import type { KeyCandidate, KeyStatus, PublicJwk } from "../protocol/signing_key_ring.ts";

/** Public keys that verify what the ring signed or is about to sign. */
export interface PublishedKeys {
  /** The ring's version: grows with each change of what signs. */
  readonly version: number;
  readonly keys: readonly PublicJwk[];
}

/** The key that signs now, private half sealed. */
export interface SealedSigningKey {
  readonly version: number;
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly sealed: string;
}

/** A key as operators see it; never its private half. Times in Unix milliseconds. */
export interface KeyDescription {
  readonly kid: string;
  readonly alg: SignatureAlgorithm;
  readonly status: KeyStatus;
  readonly publishedAtMs: number;
  readonly activatedAtMs: number | null;
  readonly retiredAtMs: number | null;
}

export interface RotationReport {
  readonly alg: SignatureAlgorithm;
  readonly outcome: "rotated" | "scheduled";
  /** When the new key signs: now, or when verifiers will know it. */
  readonly atMs: number;
}

/** A ring of signing keys, one active per algorithm. Every method throws `Outage` when the ring cannot be reached. */
export interface KeyRing {
  /** The published keys, the oldest first, once every algorithm of the ring has its keys. */
  published(): Promise<PublishedKeys>;
  /** The key that signs `alg` now. */
  signingKey(alg: SignatureAlgorithm): Promise<SealedSigningKey>;
  /** All keys with their state. */
  describe(): Promise<readonly KeyDescription[]>;
  /**
   * Rotates `algorithms` (all when empty). `announced` is false when the edge feed could not be told yet: the ring
   * goes on trying. An emergency withdraws every key that has signed, at once.
   */
  rotate(
    algorithms: readonly SignatureAlgorithm[],
    emergency: boolean,
  ): Promise<{ readonly rotations: readonly RotationReport[]; readonly announced: boolean }>;
}

/** A ring's public keys for those who publish them. */
export interface PublishedKeyReader {
  /** The published keys, of `leastVersion` or newer where they can be had. Throws `Outage` without any. */
  read(nowMs: number, leastVersion: number): Promise<PublishedKeys>;
}

/** Makes and seals keys for the ring. */
export interface KeyMaker {
  /** The key-encryption key that seals now. */
  readonly currentKekId: string;
  /**
   * Whether the key-encryption key that sealed `candidate` is known. False means lost until somebody configures it again;
   * true does not promise that `reseal` succeeds.
   */
  canOpen(candidate: KeyCandidate): boolean;
  /** A new key pair of `alg` with its private half sealed. */
  make(alg: SignatureAlgorithm): Promise<KeyCandidate>;
  /** The same key sealed under the current key-encryption key. Throws where the old one is not known. */
  reseal(candidate: KeyCandidate): Promise<KeyCandidate>;
}
