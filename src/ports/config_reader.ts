import type { ConfigPointer } from "../protocol/edge_feed.ts";

/** What an isolate asks the issuer about configurations: reading, and no secret. Throws `Outage`. */
export interface ConfigReader {
  /** Which configuration runs, from where that is true: for who cannot read the feed. */
  configPointer(): Promise<ConfigPointer>;
  /** The text of a published configuration by its hash, or null. */
  configSnapshot(hash: string): Promise<string | null>;
}
