import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { toBase64url } from "../../src/kernel/bytes.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import { removeRecordedRequests } from "./recorded_requests.ts";
import { devFiles } from "./settings.ts";

/**
 * Keys that seal keys, and the one that grants are found and continued by: each `<kek id>:<base64url of 32 bytes>`, a comma between several, the current one first.
 * wrangler reads them from `.dev.vars` as production reads them from `wrangler secret put`.
 */
const NAMES = ["SIGNING_KEK", "IDENTITY_KEK", "GRANT_KEY"] as const;

function newKek(): string {
  return `k1:${toBase64url(platformRandom(32))}`;
}

/**
 * Writes what `.dev.vars` lacks, random per clone, mode 0600; what is there stays. Returns a word for the screen.
 * Callers' secrets that wrangler recorded in earlier runs are removed first, so nothing else may run on the state.
 * Throws when the file is gone although this clone was seeded: what the old key sealed could not be opened any more.
 */
export function ensureSecrets(root: string): string {
  removeRecordedRequests(root);
  const path = devFiles.vars(root);
  if (!existsSync(path) && existsSync(devFiles.credentials(root))) {
    throw new Error(
      ".dev.vars is gone, but .wrangler/state holds signing keys sealed with its SIGNING_KEK. " +
        "Put the file back, or run `npm run reset` to start afresh.",
    );
  }
  const before = existsSync(path) ? readFileSync(path, "utf8") : "";
  const missing = NAMES.filter((name) => !new RegExp(`^\\s*${name}\\s*=\\s*\\S`, "m").test(before));
  if (missing.length > 0) {
    const joint = before === "" || before.endsWith("\n") ? before : `${before}\n`;
    const added = missing.map((name) => `${name}=${newKek()}\n`).join("");
    writeFileSync(path, joint + added, { mode: 0o600 });
  }
  chmodSync(path, 0o600);
  return missing.length > 0 ? `${missing.join(", ")} written to .dev.vars` : "kept in .dev.vars";
}
