import { CompactSign } from "jose";
import { utf8 } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import type { Defer } from "../ports/edge_feed.ts";
import type { KeyRing } from "../ports/key_ring.ts";
import type { SigningRequest, TokenSigner } from "../ports/token_signer.ts";
import type { SignatureAlgorithm } from "../protocol/jws.ts";
import { openSigningKey } from "./jose_keys.ts";
import type { KeyEncryption } from "./key_encryption.ts";

const REFRESH_MS = 60_000;
const RETRY_MS = 1_000;

/**
 * How long an isolate may go on signing with a key it opened, in milliseconds. A ring keeps a retired key published
 * at least this much longer than the longest token lives.
 */
export const SIGNER_KEY_MS = 10 * 60_000;

interface OpenKey {
  readonly key: CryptoKey;
  readonly kid: string;
  readonly version: number;
  readonly openedAtMs: number;
}

/** Signs with the ring's active key, opened once and kept in isolate memory: one call to the ring a minute. */
export class JoseTokenSigner implements TokenSigner {
  readonly #ring: KeyRing;
  readonly #encryption: KeyEncryption;
  readonly #purpose: string;
  readonly #open = new Map<SignatureAlgorithm, OpenKey>();
  /** When a key's last refresh began. */
  readonly #triedAtMs = new Map<SignatureAlgorithm, number>();

  constructor(ring: KeyRing, encryption: KeyEncryption, purpose: string) {
    this.#ring = ring;
    this.#encryption = encryption;
    this.#purpose = purpose;
  }

  async sign(request: SigningRequest, defer: Defer): Promise<string> {
    const { key, kid } = await this.#key(request, defer);
    const claims = utf8(JSON.stringify(request.claims));
    return new CompactSign(claims).setProtectedHeader({ alg: request.alg, typ: request.type, kid }).sign(key);
  }

  async ready(key: Pick<SigningRequest, "alg" | "nowMs" | "leastRingVersion">, defer: Defer): Promise<void> {
    await this.#key(key, defer);
  }

  async #key(
    { alg, nowMs, leastRingVersion }: Pick<SigningRequest, "alg" | "nowMs" | "leastRingVersion">,
    defer: Defer,
  ): Promise<OpenKey> {
    const held = this.#open.get(alg);
    const ageMs = held === undefined ? Number.POSITIVE_INFINITY : nowMs - held.openedAtMs;
    if (held === undefined || held.version < leastRingVersion || ageMs > SIGNER_KEY_MS) return this.#fetch(alg, nowMs);
    if (ageMs > REFRESH_MS && this.#mayRefresh(alg, nowMs)) defer(this.#fetch(alg, nowMs).catch(() => undefined));
    return held;
  }

  /** One refresh a second, not one a request; one that fails is tried again until the key is too old to be used. */
  #mayRefresh(alg: SignatureAlgorithm, nowMs: number): boolean {
    const triedAtMs = this.#triedAtMs.get(alg) ?? Number.NEGATIVE_INFINITY;
    if (Math.abs(nowMs - triedAtMs) < RETRY_MS) return false;
    this.#triedAtMs.set(alg, nowMs);
    return true;
  }

  async #fetch(alg: SignatureAlgorithm, nowMs: number): Promise<OpenKey> {
    const sealed = await this.#ring.signingKey(alg);
    const key = await openSigningKey(this.#encryption, this.#purpose, sealed).catch((cause) => {
      throw new Outage("signing_key", { cause });
    });
    const opened = { key, kid: sealed.kid, version: sealed.version, openedAtMs: nowMs };
    this.#open.set(alg, opened);
    return opened;
  }
}
