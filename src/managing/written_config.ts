import { sha256Hex, utf8 } from "../kernel/bytes.ts";
import { canonicalJson } from "../kernel/canonical_json.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { ConfigManagement } from "./config_management.ts";
import type { ManagingFault } from "./management.ts";

/** A configuration as it is stored. */
export interface WrittenConfig {
  /** SHA-256 of the text, in lower-case hex. */
  readonly hash: string;
  /** The one text that all spellings of it share. */
  readonly text: string;
}

/** `written`, a configuration as an author writes it, judged whole. */
export async function judgeWritten(
  written: unknown,
  { maxBytes, judge }: Pick<ConfigManagement, "maxBytes" | "judge">,
  nowMs: number,
): Promise<Result<WrittenConfig, ManagingFault>> {
  const text = canonicalJson(written);
  if (utf8(text).byteLength > maxBytes) {
    return err({ code: "config_invalid", faults: [{ path: "", reason: `is larger than ${maxBytes} bytes` }] });
  }
  // Judged as it will be read: numbers and names are what the text makes of them.
  const faults = judge(JSON.parse(text), nowMs);
  if (faults.length > 0) return err({ code: "config_invalid", faults });
  return ok({ hash: await sha256Hex(text), text });
}
