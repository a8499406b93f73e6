/** Objects that are read piece by piece, and sent one a line. No piece is empty. */
export type Lines = AsyncIterator<readonly object[], void>;

export const LINES_TYPE = "application/x-ndjson";

/** Whether an `Accept` field (RFC 9110 §12.5.1) names lines: whoever takes anything gets one document. */
export function acceptsLines(accept: string | null): boolean {
  return (accept ?? "").split(",").some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    return type === LINES_TYPE && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}

/**
 * The body that tells `lines`. A piece is read once there is room for it, and none after its reader went away. Where one cannot be had `failed` hears
 * of it, and the body is cut off: what is whole says so by its last line.
 */
export function lineStream(lines: Lines, failed: (error: unknown) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      try {
        const piece = await lines.next();
        if (piece.done) controller.close();
        else controller.enqueue(encoder.encode(piece.value.map((line) => `${JSON.stringify(line)}\n`).join("")));
      } catch (error) {
        failed(error);
        controller.error(error);
      }
    },
    async cancel() {
      await lines.return?.();
    },
  });
}
