import { fileURLToPath } from "node:url";
import { startInstallation } from "./bench/installation.ts";
import type { Load } from "./bench/load.ts";
import { logToFile } from "./bench/log_to_file.ts";
import { peakMemoryMiB, processorSeconds } from "./bench/process_usage.ts";
import { type Round, reportBundles, reportMemory, reportRows } from "./bench/report.ts";
import { benchRows } from "./bench/rows.ts";
import { bundle } from "./workers/bundle.ts";

/**
 * `npm run bench`: Sallyport against Workers that do the least. Each pair is loaded in turn, round after round, so that
 * whatever else the machine does meets both; a row's ratio is the median of its rounds' ratios.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const WARM_UP_SECONDS = 2;
/** Only rows whose name has this in it: `BENCH_ONLY=refresh npm run bench`. */
const ONLY = process.env.BENCH_ONLY ?? "";
/** How many users and grants there are beside those under load: `BENCH_CROWD=100000 npm run bench`. */
const CROWD = Number(process.env.BENCH_CROWD ?? 0);

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const dropLog = logToFile();
const entry = CROWD > 0 ? "./bench/crowd.worker.ts" : "../src/worker.ts";
const measured = await bundle(at(entry), at("./bench/config.ts"));
const installation = await startInstallation(measured);
try {
  const rows = (await benchRows(installation, CROWD)).filter(({ name }) => name.includes(ONLY));
  for (const { target, control } of rows) {
    for (const load of [control, target]) {
      await load.ready();
      await load.run(WARM_UP_SECONDS);
    }
  }
  const rounds = new Map<string, Round[]>(rows.map((row) => [row.name, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    for (const { name, target, targetPid, control, controlPid } of rows) {
      const without = await costed(control, controlPid);
      rounds.get(name)?.push({ control: without, ours: await costed(target, targetPid) });
    }
  }
  const passed = reportRows(rows, rounds, `${ROUNDS} rounds of ${SECONDS} s, medians, 32 connections`);
  reportBundles({
    everything: (await bundle(at("../src/worker.ts"), null)).gzipBytes,
    authorizer: (await bundle(at("../src/authorizer.worker.ts"), null)).gzipBytes,
  });
  reportMemory({
    sallyport: peakMemoryMiB(installation.sallyport.pid),
    bareProxy: peakMemoryMiB(installation.bareProxy.pid),
    bareSigner: peakMemoryMiB(installation.bareSigner.pid),
  });
  process.exitCode = passed ? 0 : 1;
} finally {
  await installation.dispose();
  dropLog();
}

/** A measurement with what it cost workerd: processor time tells more than throughput on a machine that is shared. */
async function costed(load: Load, pid: string) {
  await load.ready();
  const before = processorSeconds(pid);
  const measurement = await load.run(SECONDS);
  const microseconds = (processorSeconds(pid) - before) * 1e6;
  return { ...measurement, cpuMicroseconds: microseconds / measurement.requests };
}
