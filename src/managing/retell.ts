import type { ConfigCopies, ConfigVersions } from "../ports/config_versions.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { RoleBookSource } from "../ports/roles.ts";
import type { ShadowVersions } from "../ports/shadow.ts";
import { type FeedEntry, pointerEntry, rolesEntry, shadowEntry } from "../protocol/edge_feed.ts";

/** What the feed should be pointing at. */
interface Pointed {
  readonly entry: FeedEntry;
  /** The text that it points at; null for one without a copy. Throws `Outage`. */
  readonly text: () => Promise<string | null>;
}

/** Where it is true what one of the feed's pointers points at; null where it never pointed at anything. Throws `Outage`. */
export type PointerTruth = () => Promise<Pointed | null>;

/** What telling again rests on. */
export interface Retelling {
  readonly truth: PointerTruth;
  readonly feed: EdgeFeedWriter;
  readonly copies: Pick<ConfigCopies, "put">;
  /** Hears what could not be told. */
  readonly failed: (error: unknown) => void;
}

/**
 * Tells the feed again what one of its pointers points at, and writes the copy of that anew, for copies end. A feed that knows it already stays as it
 * is; one whose storage was lost or set back would otherwise have new isolates go by what was deployed. Never throws: the next round tries again.
 */
export async function retell({ truth, feed, copies, failed }: Retelling): Promise<void> {
  try {
    const pointed = await truth();
    if (pointed === null) return;
    await feed.append([pointed.entry]);
    const text = await pointed.text();
    if (text !== null) await copies.put(pointed.entry.id, text);
  } catch (error) {
    failed(error);
  }
}

/** Which configuration runs. */
export function configTruth(versions: Pick<ConfigVersions, "current" | "snapshot">): PointerTruth {
  return snapshotTruth(versions, versions, pointerEntry);
}

/** Which configuration is tried. Its snapshot is kept among the published ones. */
export function shadowTruth(
  shadows: Pick<ShadowVersions, "current">,
  configs: Pick<ConfigVersions, "snapshot">,
): PointerTruth {
  return snapshotTruth(shadows, configs, shadowEntry);
}

/** Which role book counts. */
export function rolesTruth(books: RoleBookSource): PointerTruth {
  return async () => {
    const { text, ...pointer } = await books.current();
    return pointer.version === 0 ? null : { entry: rolesEntry(pointer), text: async () => text };
  };
}

function snapshotTruth<Version extends { readonly hash: string }>(
  versions: { readonly current: () => Promise<Version | null> },
  snapshots: Pick<ConfigVersions, "snapshot">,
  entryOf: (version: Version) => FeedEntry,
): PointerTruth {
  return async () => {
    const current = await versions.current();
    return current && { entry: entryOf(current), text: () => snapshots.snapshot(current.hash) };
  };
}
