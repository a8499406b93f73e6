import { rmSync } from "node:fs";
import { join } from "node:path";

/**
 * Removes what wrangler's local observability recorded under `root`: full URLs, whose queries may hold tokens, and logs.
 * `npm start` runs wrangler without it, but a wrangler started by hand keeps such files until somebody takes them away.
 */
export function removeRecordedRequests(root: string): void {
  rmSync(join(root, ".wrangler", "state", "v3", "observability"), { recursive: true, force: true });
}
