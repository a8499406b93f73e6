import { fileURLToPath } from "node:url";
import { bundle } from "./bench/bundle.ts";
import { startInstallation } from "./bench/installation.ts";
import { load, type Measurement } from "./bench/load.ts";
import { logToFile } from "./bench/log_to_file.ts";
import { peakMemoryMiB, processorSeconds, workerdChildren } from "./bench/process_usage.ts";
import { type Round, reportBundles, reportRows } from "./bench/report.ts";
import { benchRows } from "./bench/rows.ts";

/**
 * `npm run bench`: Sallyport against Workers that do the least. Each pair is loaded in turn, round after round, so that
 * whatever else the machine does meets both; a row's ratio is the median of its rounds' ratios.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const WARM_UP_SECONDS = 2;

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const dropLog = logToFile();
const measured = await bundle(at("../src/worker.ts"), at("./bench/config.ts"));
const installation = await startInstallation(measured.code);
const workerd = workerdChildren().at(-1) ?? "";
try {
  const rows = await benchRows(installation);
  for (const { target, control } of rows) {
    await load(control, WARM_UP_SECONDS);
    await load(target, WARM_UP_SECONDS);
  }
  const rounds = new Map<string, Round[]>(rows.map((row) => [row.name, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    for (const { name, target, control } of rows) {
      const without = await withProcessorTime(() => load(control, SECONDS));
      rounds.get(name)?.push({ control: without, ours: await withProcessorTime(() => load(target, SECONDS)) });
    }
  }
  const passed = reportRows(rows, rounds, `${ROUNDS} rounds of ${SECONDS} s, medians, 32 connections`);
  reportBundles({
    everything: (await bundle(at("../src/worker.ts"), null)).gzipBytes,
    authorizer: (await bundle(at("../src/authorizer.worker.ts"), null)).gzipBytes,
  });
  console.log(
    `peak memory of the workerd that ran Sallyport and the controls: ${peakMemoryMiB(workerd).toFixed(0)} MiB`,
  );
  process.exitCode = passed ? 0 : 1;
} finally {
  await installation.dispose();
  dropLog();
}

/** A measurement with what it cost workerd: processor time tells more than throughput on a machine that is shared. */
async function withProcessorTime(measure: () => Promise<Measurement>) {
  const before = processorSeconds(workerd);
  const measurement = await measure();
  const microseconds = (processorSeconds(workerd) - before) * 1e6;
  return { ...measurement, cpuMicroseconds: microseconds / measurement.requests };
}
