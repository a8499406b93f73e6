import type { ApiKeyId } from "../protocol/ids.ts";

/** That a key was taken at a gate. */
export interface KeyUse {
  readonly id: ApiKeyId;
  /** Unix milliseconds. */
  readonly atMs: number;
}

/** Where the last use of keys is kept. Throws `Outage`. */
export interface KeyUseRecords {
  /** Keeps the newest time of each key; what is older, or of a key that is gone, changes nothing. */
  note(uses: readonly KeyUse[]): Promise<void>;
}
