import type { CertificateDigest } from "../policy/connection.ts";

/** A pin that somebody came with, and of which operators should hear. */
export interface UsedPin {
  /** The name of its set. */
  readonly set: string;
  readonly sha256: CertificateDigest;
  readonly untilMs: number;
  readonly isBackup: boolean;
  /** Whether it is near its end. */
  readonly isEnding: boolean;
}

/** Tells operators of pins in time to change them. */
export interface PinNotices {
  /** Somebody passed with `pin`. Costs next to nothing when it was told of lately. */
  used(pin: UsedPin, nowMs: number): void;
}
