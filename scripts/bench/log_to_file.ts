import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Lets every workerd that miniflare starts from now on write its output to a file: Sallyport's log lines are really
 * written, but no reader of a pipe is woken for each of them on a processor that is being measured. Returns the undoing.
 */
export function logToFile(): () => void {
  const require = createRequire(import.meta.url);
  const workerd = createRequire(require.resolve("miniflare")).resolve("workerd/bin/workerd");
  const folder = mkdtempSync(join(tmpdir(), "sallyport-bench-"));
  const wrapper = join(folder, "workerd");
  writeFileSync(wrapper, `#!/bin/sh\nexec '${workerd}' "$@" >> '${join(folder, "log")}' 2>&1\n`);
  chmodSync(wrapper, 0o700);
  process.env.MINIFLARE_WORKERD_PATH = wrapper;
  return () => rmSync(folder, { recursive: true, force: true });
}
