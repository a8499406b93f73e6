const LF = 10;
const CR = 13;

/**
 * Whether a stream of server-sent events stands between two events: at its beginning, or behind an empty line. Lines end by CR, LF
 * or both (HTML §9.2.5). Keeps three bytes.
 */
export class EventBoundary {
  #tail: readonly number[] = [];
  #hasBegun = false;

  /** Hears the next bytes of the stream. */
  note(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return;
    this.#hasBegun = true;
    this.#tail = [...this.#tail, ...chunk.subarray(-3)].slice(-3);
  }

  get isBetweenEvents(): boolean {
    if (!this.#hasBegun) return true;
    const [before, middle, last] = [undefined, undefined, undefined, ...this.#tail].slice(-3);
    if (last === CR) return middle === CR || middle === LF;
    if (last !== LF) return false;
    if (middle === LF) return true;
    return middle === CR && (before === CR || before === LF);
  }
}
