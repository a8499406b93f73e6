import type { ConfigCopies, ConfigVersions } from "../ports/config_versions.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import { pointerEntry } from "../protocol/edge_feed.ts";

/** What telling again rests on. */
export interface Retelling {
  readonly versions: Pick<ConfigVersions, "current" | "snapshot">;
  readonly feed: EdgeFeedWriter;
  readonly copies: Pick<ConfigCopies, "put">;
  /** Hears what could not be told. */
  readonly failed: (error: unknown) => void;
}

/**
 * Tells the feed again which configuration runs, and writes its copy anew. A feed that knows it already stays as it is; one whose storage was
 * lost or set back would otherwise let new isolates run what was deployed. Never throws: the next round tries again.
 */
export async function retellConfig({ versions, feed, copies, failed }: Retelling): Promise<void> {
  try {
    const current = await versions.current();
    if (current === null) return;
    await feed.append([pointerEntry(current)]);
    const text = await versions.snapshot(current.hash);
    if (text !== null) await copies.put(current.hash, text);
  } catch (error) {
    failed(error);
  }
}
