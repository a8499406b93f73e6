/**
 * When an account wakes by itself. What is due is remembered, so that most changes need not set it: each setting is part of the write.
 * An alarm that is due early finds nothing to do; one that is due late would keep somebody waiting.
 */
export class AccountAlarm {
  readonly #storage: DurableObjectStorage;
  /** Null for none. */
  #dueMs: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Reads what was set before the object woke. To be waited for before anything else is done. */
  async recall(): Promise<void> {
    this.#dueMs = await this.#storage.getAlarm();
  }

  /** It rang, or went with all that is stored. */
  forget(): void {
    this.#dueMs = null;
  }

  /** Sees to it that it rings by `atMs`, or within `slackMs` from now where that is later. Part of this turn's write. */
  wakeBy(atMs: number, slackMs: number): void {
    const latestMs = Math.max(atMs, Date.now() + slackMs);
    if (this.#dueMs !== null && this.#dueMs <= latestMs) return;
    this.#dueMs = latestMs;
    void this.#storage.setAlarm(latestMs);
  }
}
