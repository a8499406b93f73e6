import type { ConfigCopies } from "../ports/config_versions.ts";
import type { EdgeFeedWriter } from "../ports/edge_feed.ts";
import type { RoleBookSource } from "../ports/roles.ts";
import { rolesEntry } from "../protocol/edge_feed.ts";

/** What telling again rests on. */
export interface RetellingRoles {
  readonly books: RoleBookSource;
  readonly feed: EdgeFeedWriter;
  readonly copies: Pick<ConfigCopies, "put">;
  /** Hears what could not be told. */
  readonly failed: (error: unknown) => void;
}

/**
 * Tells the feed again which role book counts, and writes its copy anew: as with configurations, for a feed may lose its storage, and copies end.
 * Never throws: the next round tries again.
 */
export async function retellRoles({ books, feed, copies, failed }: RetellingRoles): Promise<void> {
  try {
    const { text, ...pointer } = await books.current();
    if (pointer.version === 0) return;
    await feed.append([rolesEntry(pointer)]);
    await copies.put(pointer.hash, text);
  } catch (error) {
    failed(error);
  }
}
