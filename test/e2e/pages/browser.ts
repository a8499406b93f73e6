import { type Browser, chromium } from "playwright-core";

/** How long a page may keep a test waiting: for a machine that is several times slower than it is on a calm day. */
export const PATIENCE_MS = 90_000;

/** Debian's own Chromium; `npm test` installs it where it is missing. */
const CHROMIUM = "/usr/bin/chromium";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts a browser without a window. `more` are arguments beside the usual ones. */
export function openBrowser(more: readonly string[] = []): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: [...ARGUMENTS, ...more], timeout: PATIENCE_MS });
}
