import { readdirSync, readFileSync } from "node:fs";

/** The largest resident size that the workerd `pid` has had, in MiB (Linux: `VmHWM`). */
export function peakMemoryMiB(pid: string): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFrom(pid, "status"))?.[1] ?? 0) / 1024;
}

/** The resident size of the workerd `pid` now, in MiB (Linux: `VmRSS`). */
export function residentMemoryMiB(pid: string): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFrom(pid, "status"))?.[1] ?? 0) / 1024;
}

/** The processor time that the threads of `pid` have used, in seconds: unlike throughput it hardly depends on what else runs. */
export function processorSeconds(pid: string): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const used = threads.map((thread) => Number(readFrom(`${pid}/task/${thread}`, "schedstat").split(" ")[0] ?? 0));
  return used.reduce((sum, nanoseconds) => sum + nanoseconds, 0) / 1e9;
}

/** The workerd processes that this process has started, oldest first. */
export function workerdChildren(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const status = readFrom(pid, "status");
      return /^Name:\s+workerd/m.test(status) && new RegExp(`^PPid:\\s+${process.pid}$`, "m").test(status);
    })
    .toSorted((a, b) => Number(a) - Number(b));
}

function readFrom(pid: string, file: "schedstat" | "status"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
