import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly isZombie: boolean;
}

function fromProc(): readonly ProcessRow[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        const [state = "", parent = "0"] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return [{ pid: Number(name), parent: Number(parent), isZombie: state === "Z" }];
      } catch {
        return [];
      }
    });
}

function fromPs(): readonly ProcessRow[] {
  const table = execFileSync("ps", ["-axo", "pid=,ppid=,state="], { encoding: "utf8" });
  return table
    .trim()
    .split("\n")
    .map((row) => {
      const [pid, parent, state = ""] = row.trim().split(/\s+/);
      return { pid: Number(pid), parent: Number(parent), isZombie: state.startsWith("Z") };
    });
}

function rows(): readonly ProcessRow[] {
  return process.platform === "linux" ? fromProc() : fromPs();
}

/** `root` and every process under it, now. */
export function processTree(root: number): readonly number[] {
  const all = rows();
  const tree = [root];
  for (const parent of tree) tree.push(...all.filter((row) => row.parent === parent).map((row) => row.pid));
  return tree;
}

/** Those of `pids` that still run; a zombie is only waiting to be counted. */
export function stillRunning(pids: readonly number[]): readonly number[] {
  const alive = new Set(rows().flatMap((row) => (row.isZombie ? [] : [row.pid])));
  return pids.filter((pid) => alive.has(pid));
}

/** The command line of `pid`, its words joined by spaces; empty when it is gone. */
export function commandLine(pid: number): string {
  try {
    if (process.platform === "linux") return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    return execFileSync("ps", ["-o", "command=", "-p", String(pid)], { encoding: "utf8" });
  } catch {
    return "";
  }
}
