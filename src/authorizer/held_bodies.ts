import { joinChunks } from "../http/body.ts";

/** What was read of a body. `rest` goes on where a body was larger than it may be. */
export type HeldBody =
  | { readonly kind: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "too_large"; readonly rest: ReadableStream<Uint8Array> }
  | { readonly kind: "late" | "no_room" | "broken" };

/** What holds for one body. */
export interface HoldTerms {
  readonly maxBytes: number;
  readonly withinMs: number;
  /** Who sends it; null for an origin. */
  readonly sender: string | null;
}

/** What one sender may take of the room: a quarter. */
const SHARES = 4;

/**
 * The bodies that are held in memory to be looked into, in one isolate. Owns the bound on all of them together: senders that
 * never end would otherwise fill the memory that every other call needs. No sender fills it alone, by sending slowly what is large.
 */
export class HeldBodies {
  readonly #maxBytes: number;
  #bytes = 0;
  /** Of those alone who hold something. */
  readonly #bySender = new Map<string, number>();

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads `body` while it keeps to `maxBytes` and `withinMs`, and calls `use` with it. Its room is given back once `use` is
   * done. Of a body that is too large nothing is lost: `rest` begins at its beginning.
   */
  async with<T>(body: ReadableStream<Uint8Array>, terms: HoldTerms, use: (held: HeldBody) => Promise<T>): Promise<T> {
    const room = { taken: 0 };
    try {
      return await use(await this.#read(body, terms, room));
    } finally {
      this.#give(terms.sender, -room.taken);
    }
  }

  async #read(
    body: ReadableStream<Uint8Array>,
    { maxBytes, withinMs, sender }: HoldTerms,
    room: { taken: number },
  ): Promise<HeldBody> {
    const reader = body.getReader();
    const chunks: Uint8Array[] = [];
    const state = { isLate: false };
    const timer = setTimeout(() => {
      state.isLate = true;
      reader.cancel().catch(() => undefined);
    }, withinMs);
    try {
      for (let length = 0; ; ) {
        const chunk = await reader.read();
        if (state.isLate) return { kind: "late" };
        if (chunk.done) return { kind: "whole", bytes: joinChunks(chunks, length) };
        length += chunk.value.byteLength;
        chunks.push(chunk.value);
        if (length > maxBytes) return { kind: "too_large", rest: resumed(chunks, reader) };
        if (!this.#take(chunk.value.byteLength, sender, room)) {
          reader.cancel().catch(() => undefined);
          return { kind: "no_room" };
        }
      }
    } catch {
      return { kind: state.isLate ? "late" : "broken" };
    } finally {
      clearTimeout(timer);
    }
  }

  #take(bytes: number, sender: string | null, room: { taken: number }): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    const share = sender === null ? 0 : (this.#bySender.get(sender) ?? 0) + bytes;
    if (share > this.#maxBytes / SHARES) return false;
    this.#give(sender, bytes);
    room.taken += bytes;
    return true;
  }

  #give(sender: string | null, bytes: number): void {
    this.#bytes += bytes;
    if (sender === null) return;
    const held = (this.#bySender.get(sender) ?? 0) + bytes;
    if (held > 0) this.#bySender.set(sender, held);
    else this.#bySender.delete(sender);
  }
}

/** What was read of a body, and then what is left of it. */
function resumed(
  chunks: readonly Uint8Array[],
  reader: ReadableStreamDefaultReader<Uint8Array>,
): ReadableStream<Uint8Array> {
  const read = [...chunks];
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const first = read.shift();
      if (first !== undefined) return controller.enqueue(first);
      const chunk = await reader.read();
      if (chunk.done) return controller.close();
      controller.enqueue(chunk.value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
