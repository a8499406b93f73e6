import { Outage } from "../kernel/outage.ts";

/**
 * The text of `stream`, in UTF-8; more than `maxBytes` is an `Outage` of `dependency`, and is not read to its end. A byte order mark
 * stays, for a hash may be over it.
 */
export async function boundedText(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  dependency: string,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of stream ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Outage(dependency, { cause: "too large" });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
