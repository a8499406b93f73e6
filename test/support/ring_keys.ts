import type { SignatureAlgorithm } from "../../src/protocol/jws.ts";
import type { KeyCandidate } from "../../src/protocol/signing_key_ring.ts";

/** A key for tests of the state machine alone: a name, and nothing that could sign. */
export function candidate(kid: string, alg: SignatureAlgorithm = "ES256"): KeyCandidate {
  return { jwk: { kty: "EC", kid, alg, use: "sig" }, sealed: `sealed ${kid}`, kekId: "k1" };
}
