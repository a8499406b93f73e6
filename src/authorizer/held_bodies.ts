import { joinChunks } from "../http/body.ts";

/** What was read of a body. `rest` goes on where a body was larger than it may be. */
export type HeldBody =
  | { readonly kind: "whole"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "too_large"; readonly rest: ReadableStream<Uint8Array> }
  | { readonly kind: "late" | "no_room" | "broken" };

/**
 * The bodies that are held in memory to be looked into, in one isolate. Owns the bound on all of them together: senders that
 * never end would otherwise fill the memory that every other call needs.
 */
export class HeldBodies {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * Reads `body` while it keeps to `maxBytes` and `withinMs`, and calls `use` with it. Its room is given back once `use` is
   * done. Of a body that is too large nothing is lost: `rest` begins at its beginning.
   */
  async with<T>(
    body: ReadableStream<Uint8Array>,
    { maxBytes, withinMs }: { readonly maxBytes: number; readonly withinMs: number },
    use: (held: HeldBody) => Promise<T>,
  ): Promise<T> {
    const room = { taken: 0 };
    try {
      return await use(await this.#read(body, maxBytes, withinMs, room));
    } finally {
      this.#bytes -= room.taken;
    }
  }

  async #read(
    body: ReadableStream<Uint8Array>,
    maxBytes: number,
    withinMs: number,
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
        if (!this.#take(chunk.value.byteLength, room)) {
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

  #take(bytes: number, room: { taken: number }): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    room.taken += bytes;
    return true;
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
