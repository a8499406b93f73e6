import { joseKeyMaker } from "../../src/adapters/jose_keys.ts";
import { JoseTokenSigner } from "../../src/adapters/jose_token_signer.ts";
import { parseKeyEncryption } from "../../src/adapters/key_encryption.ts";
import { remoteKeyRing } from "../../src/adapters/remote/remote.ts";
import type { KeyRing } from "../../src/ports/key_ring.ts";
import type { SignatureAlgorithm } from "../../src/protocol/jws.ts";
import { RecordingFeed } from "./courier_world.ts";
import { bindings } from "./issuer_world.ts";
import { rewire } from "./rewired_object.ts";

export const SETTINGS = { rotateAfterMs: 86_400_000, publishLeadMs: 300_000, retainMs: 1_500_000 };

/** Key-encryption keys of no other use, as the secret spells them. */
export const KEK_1 = `k1:${"A".repeat(43)}`;
export const KEK_2 = `k2:${"E".repeat(43)}`;

const RING = "test-ring";

/** Key encryption as `secret` configures it. */
export function encryption(secret: string) {
  const parsed = parseKeyEncryption(secret);
  if (parsed === null) throw new Error("not a key-encryption secret");
  return parsed;
}

/** What a test wants of a ring. */
export interface RingWishes {
  readonly algorithms?: readonly SignatureAlgorithm[];
  readonly kek?: string;
}

/** A ring of its own, with a feed that the test holds. */
export async function newRing({ algorithms = ["ES256"], kek = KEK_1 }: RingWishes) {
  const stub = bindings.SIGNING_KEYS.getByName(crypto.randomUUID());
  const feed = new RecordingFeed();
  const making: { gate: Promise<void> | null; waiting: number } = { gate: null, waiting: 0 };
  const rewired = (secret = kek) => {
    const maker = joseKeyMaker(encryption(secret), RING);
    const make = async (alg: SignatureAlgorithm) => {
      making.waiting += 1;
      await making.gate;
      return maker.make(alg);
    };
    return rewire(stub, { algorithms, settings: SETTINGS, maker: { ...maker, make }, feed });
  };
  await rewired();
  const ring: KeyRing = remoteKeyRing("ring", () => stub);
  return {
    stub,
    feed,
    ring,
    rewired,
    /** While `gate` is set, keys take that long to make; `waiting` counts how many were begun. */
    making,
    /** Keys and their state, without the rest. */
    describeKeys: async () => (await ring.describe()).map(({ kid, alg, status }) => ({ kid, alg, status })),
    /** A token of a signer that opens the ring's key anew, as a fresh isolate does. */
    sign: (alg: SignatureAlgorithm, secret = kek) =>
      new JoseTokenSigner(ring, encryption(secret), RING).sign(
        { alg, type: "at+jwt", claims: { sub: "x" }, nowMs: Date.now(), leastRingVersion: 0 },
        () => undefined,
      ),
  };
}
