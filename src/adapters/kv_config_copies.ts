import { orOutage } from "../kernel/outage.ts";
import type { ConfigCopies } from "../ports/config_versions.ts";
import { boundedText } from "./bounded_text.ts";

const READ_DEADLINE_MS = 1_000;
const WRITE_DEADLINE_MS = 5_000;
/** Copies of what runs are written anew now and then; those of what ran once go. */
const KEEP_SECONDS = 7 * 86_400;

/**
 * Copies of snapshots in KV, as `<prefix>:<sha256>`, beside the API keys, whose names have no colon. `maxBytes`: a longer value is an
 * outage, and not read to its end.
 */
export function kvConfigCopies(kv: () => KVNamespace, prefix: "cfg" | "roles", maxBytes: number): ConfigCopies {
  return {
    find: (hash) =>
      orOutage("kv", READ_DEADLINE_MS, async () => {
        const stream = await kv().get(`${prefix}:${hash}`, "stream");
        return stream === null ? null : boundedText(stream, maxBytes, "kv");
      }),
    put: (hash, text) =>
      orOutage("kv", WRITE_DEADLINE_MS, () => kv().put(`${prefix}:${hash}`, text, { expirationTtl: KEEP_SECONDS })),
  };
}
