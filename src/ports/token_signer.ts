import type { SignatureAlgorithm } from "../protocol/jws.ts";
import type { Defer } from "./edge_feed.ts";

/** What to sign: a claim set under a media type. */
export interface SigningRequest {
  readonly alg: SignatureAlgorithm;
  /** The JWT's `typ`. */
  readonly type: string;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly nowMs: number;
  /** The least version of the key ring that may sign: what the edge feed says of it; 0 when it says nothing. */
  readonly leastRingVersion: number;
}

/** Signs JWTs with the ring's active key. */
export interface TokenSigner {
  /** The compact JWS. Throws `Outage` when the key cannot be had. */
  sign(request: SigningRequest, defer: Defer): Promise<string>;
  /** Resolves once `sign` has what it needs: asked before something is spent for a signature. Throws `Outage`. */
  ready(key: Pick<SigningRequest, "alg" | "nowMs" | "leastRingVersion">, defer: Defer): Promise<void>;
}
