const KEY = "subject_epoch:";

/** An epoch starts below 2^48 and steps by at most 2^32: two million ends of everything stay below 2^53. */
const START_BITS = 48;
const STEP_BITS = 32;

/**
 * The epochs that the gate compares, one for each `sub` of an account: tokens carry it, and the feed names the least that counts.
 *
 * Under the user's own id it is the account's epoch. Under a pairwise subject it is a number of its own, which starts and steps at
 * random: with the account's in each of them, clients who compare their tokens would find the same count growing alike, and with it
 * the one person behind their subjects. It is stored, and derived from no secret, so that no rotation moves it back.
 */
export class SubjectEpochs {
  readonly #storage: Pick<DurableObjectStorage, "kv">;

  constructor(storage: Pick<DurableObjectStorage, "kv">) {
    this.#storage = storage;
  }

  /** What a token for `subject` carries now. `accountEpoch` is what it carried before it had a number of its own. */
  current(subject: string, accountEpoch: number): number {
    if (isPublic(subject)) return accountEpoch;
    return this.#storage.kv.get<number>(KEY + subject) ?? this.#put(subject, accountEpoch + randomBelow(START_BITS));
  }

  /** Steps on: more than any token for `subject` carries. `accountEpoch` has stepped already. */
  advance(subject: string, accountEpoch: number): number {
    if (isPublic(subject)) return accountEpoch;
    return this.#put(subject, this.current(subject, accountEpoch) + 1 + randomBelow(STEP_BITS));
  }

  isEmpty(): boolean {
    for (const _ of this.#storage.kv.list({ prefix: KEY, limit: 1 })) return false;
    return true;
  }

  #put(subject: string, epoch: number): number {
    this.#storage.kv.put(KEY + subject, epoch);
    return epoch;
  }
}

/** A user's own id is the same for every client that is told it: there a number tells nothing more. */
function isPublic(subject: string): boolean {
  return subject.startsWith("usr_");
}

function randomBelow(bits: 32 | 48): number {
  const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2));
  return bits === 32 ? low : (high % 2 ** 16) * 2 ** 32 + low;
}
