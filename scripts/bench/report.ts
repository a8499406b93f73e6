import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { CostedMeasurement } from "./load.ts";
import { median } from "./median.ts";
import type { Row } from "./row.ts";

/** One pair, measured one after the other. */
export interface Round {
  readonly ours: CostedMeasurement;
  readonly control: CostedMeasurement;
}

const AUTHORIZER_BOUND_KIB = 200;
const EVERYTHING_BOUND_KIB = 600;

/** Prints the table and tells whether every row reached its floor. */
export function reportRows(rows: readonly Row[], rounds: ReadonlyMap<string, readonly Round[]>, how: string): boolean {
  const lines = [["", "ratio", "floor", "ours/s", "control/s", "p50 ms", "p99 ms", "cpu us", "control cpu us"]];
  let passed = true;
  for (const { name, floor } of rows) {
    const measured = rounds.get(name) ?? [];
    const of = (pick: (round: Round) => number) => median(measured.map(pick));
    const ratio = of(({ ours, control }) => ours.requestsPerSecond / control.requestsPerSecond);
    if (floor !== null && !(ratio >= floor)) passed = false;
    lines.push([
      name,
      ratio.toFixed(3),
      floor?.toFixed(2) ?? "",
      of(({ ours }) => ours.requestsPerSecond).toFixed(0),
      of(({ control }) => control.requestsPerSecond).toFixed(0),
      of(({ ours }) => ours.p50Ms).toFixed(0),
      of(({ ours }) => ours.p99Ms).toFixed(0),
      of(({ ours }) => ours.cpuMicroseconds).toFixed(0),
      of(({ control }) => control.cpuMicroseconds).toFixed(0),
    ]);
  }
  console.log(`\nworkerd ${workerdVersion()}, ${how}`);
  const width = Math.max(...lines.map(([name = ""]) => name.length));
  for (const cells of lines)
    console.log(cells.map((cell, at) => (at === 0 ? cell.padEnd(width) : cell.padStart(15))).join(""));
  if (!passed) console.log("a row is below its floor");
  return passed;
}

/** Prints the bundles' sizes as an upload counts them. */
export function reportBundles(gzipBytes: { readonly everything: number; readonly authorizer: number }): void {
  const kib = (bytes: number) => `${(bytes / 1024).toFixed(0)} KiB`;
  console.log(
    `bundle, gzip: everything ${kib(gzipBytes.everything)} (bound ${EVERYTHING_BOUND_KIB}), ` +
      `authorizer ${kib(gzipBytes.authorizer)} (bound ${AUTHORIZER_BOUND_KIB})`,
  );
}

/** Prints the largest resident size of each workerd: what the runtime takes by itself stands beside ours. */
export function reportMemory(mib: Readonly<Record<"sallyport" | "bareProxy" | "bareSigner", number>>): void {
  console.log(
    `peak memory of the process: Sallyport ${mib.sallyport.toFixed(0)} MiB, ` +
      `bare proxy ${mib.bareProxy.toFixed(0)} MiB, bare signer ${mib.bareSigner.toFixed(0)} MiB`,
  );
}

function workerdVersion(): string {
  const require = createRequire(import.meta.url);
  const fromMiniflare = createRequire(require.resolve("miniflare"));
  const manifest = join(dirname(fromMiniflare.resolve("workerd")), "../package.json");
  return JSON.parse(readFileSync(manifest, "utf8")).version;
}
