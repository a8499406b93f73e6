import type { ApiKeyRecord } from "../protocol/api_key.ts";
import type { EdgeFeedReader } from "./edge_feed.ts";
import type { PublishedKeys } from "./key_ring.ts";

/** All that the authorizer may ask of the issuer: reading, and no secret. Every method throws `Outage`. */
export interface IssuerReader extends EdgeFeedReader {
  /** The issuer's public keys. */
  published(): Promise<PublishedKeys>;
  /** The record of the API key whose string has the digest `hash`, or null. */
  findApiKey(hash: string): Promise<ApiKeyRecord | null>;
}
