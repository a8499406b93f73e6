import { fileURLToPath } from "node:url";
import { reportEnumeration } from "./bench/enumeration.ts";
import { startInstallation } from "./bench/installation.ts";
import type { Load } from "./bench/load.ts";
import { logToFile } from "./bench/log_to_file.ts";
import { reportDistinctTokens, reportFullCaches } from "./bench/memory/report_memory.ts";
import { peakMemoryMiB, processorSeconds } from "./bench/process_usage.ts";
import { type Round, reportBundles, reportMemory, reportRows } from "./bench/report.ts";
import type { Pair, Row } from "./bench/row.ts";
import { benchRows } from "./bench/rows.ts";
import { bundle } from "./workers/bundle.ts";

/**
 * `npm run bench`: Sallyport against Workers that do the least. Each pair is loaded in turn, round after round, so that
 * whatever else the machine does meets both; a row's ratio is the median of its rounds' ratios.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 3);
const WARM_UP_SECONDS = 2;
/** Only rows that have this in `group: name`: `BENCH_ONLY=flat npm run bench`. */
const ONLY = process.env.BENCH_ONLY ?? "";
/** How many users and grants there are beside those under load: `BENCH_CROWD=100000 npm run bench`. */
const CROWD = Number(process.env.BENCH_CROWD ?? 0);
/** How many relations there are where a row asks about one. */
const TUPLES = Number(process.env.BENCH_TUPLES ?? 1_000_000);
/** How many API keys there are where a row is about many. */
const KEYS = Number(process.env.BENCH_KEYS ?? 100_000);
/** How many distinct tokens `npm run bench -- memory` sends. */
const TOKENS = Number(process.env.BENCH_TOKENS ?? 1_000_000);

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const dropLog = logToFile();
const entry = CROWD > 0 ? "./bench/crowd.worker.ts" : "../src/worker.ts";
const measured = await bundle(at(entry), at("./bench/config.ts"));
const installation = await startInstallation(measured);
try {
  process.exitCode = (await chosen(process.argv[2])) ? 0 : 1;
} finally {
  await installation.dispose();
  dropLog();
}

/** What `npm run bench -- <what>` asks for; whether it reached its floors. */
async function chosen(what: string | undefined): Promise<boolean> {
  if (what === "memory") return memory();
  if (what !== "enumeration") return speed();
  await reportEnumeration(installation);
  return true;
}

/** `npm run bench -- memory`; whether all stayed within its bound. */
async function memory(): Promise<boolean> {
  const isFlat = await reportDistinctTokens(installation, TOKENS);
  return (await reportFullCaches()) && isFlat;
}

/** The rows; whether each reached its floor. */
async function speed(): Promise<boolean> {
  const rows = benchRows(installation, { crowd: CROWD, tuples: TUPLES, keys: KEYS }).filter(({ group, name }) =>
    `${group}: ${name}`.includes(ONLY),
  );
  const pairs = new Map<Row, Pair>();
  for (const row of rows) {
    process.stderr.write(`preparing ${row.group}: ${row.name}\n`);
    const pair = await row.prepare();
    if (pair === null) continue;
    pairs.set(row, pair);
    await warmUp(pair);
  }
  const rounds = new Map<string, Round[]>([...pairs.keys()].map(({ name }) => [name, []]));
  for (let round = 1; round <= ROUNDS; round++) {
    process.stderr.write(`round ${round} of ${ROUNDS}\n`);
    for (const [{ name }, { target, targetPid, control, controlPid, inSlices }] of pairs) {
      if (inSlices !== undefined) {
        for (const load of [control, target]) await load.ready();
        const turns = await inSlices(SECONDS);
        rounds.get(name)?.push(...turns.map((turn) => ({ ours: turn.target, control: turn.control })));
        continue;
      }
      // Either goes first in turn: whoever comes second may find the machine as the other left it.
      const first = round % 2 === 0 ? await costed(target, targetPid) : null;
      const without = await costed(control, controlPid);
      rounds.get(name)?.push({ control: without, ours: first ?? (await costed(target, targetPid)) });
    }
  }
  const passed = reportRows([...pairs.keys()], rounds, `${ROUNDS} rounds of ${SECONDS} s, medians, 32 connections`);
  for (const { note } of pairs.values()) if (note !== undefined) console.log(note);
  reportBundles({
    everything: (await bundle(at("../src/worker.ts"), null)).gzipBytes,
    authorizer: (await bundle(at("../src/authorizer.worker.ts"), null)).gzipBytes,
  });
  reportMemory({
    sallyport: peakMemoryMiB(installation.sallyport.pid),
    bareProxy: peakMemoryMiB(installation.bareProxy.pid),
    bareSigner: peakMemoryMiB(installation.bareSigner.pid),
  });
  return passed;
}

/** Loads both sides of a row as they are measured later, as often as it asks for. */
async function warmUp({ control, target, inSlices, warmUps = 1 }: Pair): Promise<void> {
  for (let done = 0; done < warmUps; done++) {
    for (const load of [control, target]) {
      await load.ready();
      if (inSlices === undefined) await load.run(WARM_UP_SECONDS);
    }
    await inSlices?.(WARM_UP_SECONDS);
  }
}

/** A measurement with what it cost workerd: processor time tells more than throughput on a machine that is shared. */
async function costed(load: Load, pid: string) {
  await load.ready();
  const before = processorSeconds(pid);
  const measurement = await load.run(SECONDS);
  const microseconds = (processorSeconds(pid) - before) * 1e6;
  return { ...measurement, cpuMicroseconds: microseconds / measurement.requests };
}
