import type { ConfigFault } from "../config/fault.ts";
import type { ConfigVersions } from "../ports/config_versions.ts";
import type { ConfigPointer } from "../protocol/edge_feed.ts";
import type { Management } from "./management.ts";
import type { CopyWriting } from "./write_copy.ts";

/** What publishing a configuration rests on. */
export interface ConfigManagement extends Pick<Management, "courier" | "revocations">, CopyWriting {
  readonly versions: ConfigVersions;
  /**
   * Everything that keeps a configuration, as it was written, from running here; none where it may be published. With `nowMs` what has
   * ended by then counts too: for what is new, and not for what ran before.
   */
  readonly judge: (written: unknown, nowMs: number | null) => readonly ConfigFault[];
  /** The configuration that was deployed with the code. */
  readonly bundled: () => Promise<{ readonly hash: string; readonly text: string }>;
  /** What the feed has told here: its version is never used again, also where the database was set back. */
  readonly told: () => ConfigPointer;
  /** What this isolate runs. */
  readonly running: () => ConfigPointer | null;
  /** No snapshot is larger, in bytes. */
  readonly maxBytes: number;
}
