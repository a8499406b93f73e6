/** A request's body on its way to an origin that is judged by its answers. */
export interface WatchedUpload {
  readonly stream: ReadableStream | null;
  /** Whether the caller has sent all of it: from then on, waiting is the origin's fault. */
  readonly isComplete: () => boolean;
}

/** Chunks that are read ahead, so that the usual body is known to be complete also when the origin takes nothing. */
const AHEAD_CHUNKS = 4;

/**
 * Watches `stream` end; `length` is its length in bytes where that is known. Without this a caller could send a body slowly,
 * let the deadline go by, and have the origin taken for a dead one.
 */
export function watchUpload(stream: ReadableStream | null, length: number | null): WatchedUpload {
  if (stream === null) return { stream, isComplete: () => true };
  let complete = false;
  const watch = new TransformStream<Uint8Array, Uint8Array>(
    {
      flush() {
        complete = true;
      },
    },
    undefined,
    { highWaterMark: AHEAD_CHUNKS },
  );
  const watched = stream.pipeThrough(watch);
  return {
    stream: length === null ? watched : watched.pipeThrough(new FixedLengthStream(length)),
    isComplete: () => complete,
  };
}
