import { Outage, orOutage } from "../kernel/outage.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";

const READ_DEADLINE_MS = 1_000;
const WRITE_DEADLINE_MS = 5_000;
/** Copies of what runs are written anew now and then; those of what ran once go. */
const KEEP_SECONDS = 7 * 86_400;

/**
 * Copies of snapshots in KV, as `cfg:<sha256>`, beside the API keys, whose names have no colon. `maxBytes`: a longer value is an
 * outage, and not read to its end.
 */
export function kvConfigCopies(kv: () => KVNamespace, maxBytes: number): ConfigCopies {
  return {
    find: (hash) =>
      orOutage("kv", READ_DEADLINE_MS, async () => {
        const stream = await kv().get(`cfg:${hash}`, "stream");
        return stream === null ? null : readText(stream, maxBytes);
      }),
    put: (hash, text) =>
      orOutage("kv", WRITE_DEADLINE_MS, () => kv().put(`cfg:${hash}`, text, { expirationTtl: KEEP_SECONDS })),
  };
}

async function readText(stream: ReadableStream<Uint8Array>, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) throw new Outage("kv", { cause: "too large" });
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
