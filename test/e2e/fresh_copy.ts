import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** A tree as a fresh clone has it, with packages but without any state. */
export interface FreshCopy {
  readonly root: string;
  remove(): void;
}

/**
 * Copies what git would give to others (tracked files, and new ones that it does not ignore) to a directory of its own.
 * Packages are linked, because installing them is a minute's work; state and secrets are not there.
 */
export function freshCopy(): FreshCopy {
  const root = mkdtempSync(join(tmpdir(), "sallyport-copy-"));
  const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: ROOT, encoding: "utf8" });
  for (const path of listed.split("\0")) {
    if (path === "" || !existsSync(join(ROOT, path))) continue;
    mkdirSync(join(root, dirname(path)), { recursive: true });
    cpSync(join(ROOT, path), join(root, path));
  }
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}
