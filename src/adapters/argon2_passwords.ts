import argon2 from "argon2id/dist/simd.wasm";
import setupWasm, { type computeHash } from "argon2id/lib/setup.js";
import { utf8 } from "../kernel/bytes.ts";
import type { RandomBytes } from "../kernel/random.ts";
import type { Passwords } from "../ports/passwords.ts";
import { type Argon2Cost, type Argon2Hash, formatPhc, parsePhc } from "../protocol/phc_string.ts";
import { HashQueue } from "./hash_queue.ts";

const SALT_BYTES = 32;
const TAG_BYTES = 32;
/** The implementation takes no shorter ones; the policy lets none be set. */
const LEAST_PASSWORD_BYTES = 8;
/** Argon2 takes no less for one lane (RFC 9106 §3.1). */
const LEAST_MEMORY_KIB = 8;

/** The isolate's queue: however many adapters there are, one thread computes for them. */
const isolateQueue = new HashQueue();
let isolateCompute: computeHash | undefined;

/**
 * The isolate's one WebAssembly instance. Its memory is 65 MiB of addresses, of which a hash touches what it costs, and it is used
 * again and again: an instance per hash would leave its memory to a collector that does not see it. Kept as a plain value, never
 * as a promise: one that a cancelled request made would hold up every later one.
 */
async function isolateInstance(): Promise<computeHash> {
  if (isolateCompute !== undefined) return isolateCompute;
  // workerd always has SIMD, so there is nothing to fall back to.
  const load = (imports: WebAssembly.Imports) => ({
    module: argon2,
    instance: new WebAssembly.Instance(argon2, imports),
  });
  isolateCompute = await setupWasm(load, load);
  return isolateCompute;
}

/** What an adapter of passwords is made of: today's cost, and where salts come from. */
export interface Argon2Options extends Argon2Cost {
  readonly random: RandomBytes;
  readonly queue?: HashQueue;
  /** What computes a hash; the isolate's one instance where absent. */
  readonly compute?: computeHash;
}

/** Argon2id (RFC 9106) in WebAssembly. */
export class Argon2Passwords implements Passwords {
  readonly #cost: Argon2Cost;
  readonly #random: RandomBytes;
  readonly #queue: HashQueue;
  readonly #compute: computeHash | undefined;

  constructor({ memoryKiB, passes, random, queue = isolateQueue, compute }: Argon2Options) {
    this.#cost = { memoryKiB, passes };
    this.#random = random;
    this.#queue = queue;
    this.#compute = compute;
  }

  async hash(password: string): Promise<string> {
    const bytes = utf8(password);
    if (bytes.length < LEAST_PASSWORD_BYTES) throw new RangeError("a password this short is never set");
    const salt = this.#random(SALT_BYTES);
    const tag = await this.#tag(bytes, { ...this.#cost, salt }, TAG_BYTES);
    return formatPhc({ ...this.#cost, salt, tag });
  }

  async verify(password: string, phc: string | null) {
    const stored = phc === null ? null : parsePhc(phc);
    if (phc !== null && stored === null) throw new Error("a stored password hash cannot be read");
    const bytes = utf8(password);
    const short = bytes.length < LEAST_PASSWORD_BYTES;
    const against = stored ?? this.#nobody();
    // Too short to have been set: something of the same cost is computed all the same, for the time must not tell.
    const tag = await this.#tag(
      short ? new Uint8Array(LEAST_PASSWORD_BYTES) : bytes,
      against,
      against.tag.length,
      beside(this.#cost, against),
    );
    const matches = equalBytes(tag, against.tag) && stored !== null && !short;
    return { matches, outdated: stored !== null && this.#isOutdated(stored) };
  }

  /** A hash that no password has: its tag is random. */
  #nobody(): Argon2Hash {
    return { ...this.#cost, salt: this.#random(SALT_BYTES), tag: this.#random(TAG_BYTES) };
  }

  #isOutdated({ memoryKiB, passes, salt, tag }: Argon2Hash): boolean {
    const weaker = memoryKiB < this.#cost.memoryKiB || passes < this.#cost.passes;
    return weaker || salt.length < SALT_BYTES || tag.length < TAG_BYTES;
  }

  async #tag(
    password: Uint8Array,
    { memoryKiB, passes, salt }: Omit<Argon2Hash, "tag">,
    tagLength: number,
    more: Argon2Cost | null = null,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const argon2id = this.#compute ?? (await isolateInstance());
    const spend = (cost: Argon2Cost) =>
      argon2id({ password, salt, parallelism: 1, passes: cost.passes, memorySize: cost.memoryKiB, tagLength });
    const tag = await this.#queue.run(() => {
      if (more !== null) spend(more);
      return spend({ memoryKiB, passes });
    });
    return new Uint8Array(tag);
  }
}

/**
 * What a hash that costs less than today's is computed beside, so that both together take about the time of one of today's; null where nothing worth
 * a hash is missing. A hash from before the cost was raised would otherwise tell by its time that somebody has it.
 */
function beside(today: Argon2Cost, stored: Argon2Cost): Argon2Cost | null {
  const missing = work(today) - work(stored);
  if (missing < LEAST_MEMORY_KIB) return null;
  const passes = Math.ceil(missing / today.memoryKiB);
  return { memoryKiB: Math.max(LEAST_MEMORY_KIB, Math.round(missing / passes)), passes };
}

/** What a hash takes, in passes over a KiB: measured in workerd, its time goes with that within a few per cent. */
function work({ memoryKiB, passes }: Argon2Cost): number {
  return memoryKiB * passes;
}

/** Whether two byte strings are equal, in time that depends on their lengths alone. */
function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < a.length; at++) difference |= (a[at] ?? 0) ^ (b[at] ?? 0);
  return difference === 0;
}
