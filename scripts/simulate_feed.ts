import { parseArgs } from "node:util";
import { coldStart, HELD_BYTES, monthlyCost, PAGE_ENTRIES, pageBytes, someEntries } from "./feed/figures.ts";
import { type Load, simulate, TODAY, type Topology } from "./feed/model.ts";

/**
 * `npm run simulate:feed`: what the edge feed costs and how old its pictures are, built and as it would grow, in figures that
 * come out the same each time. docs/scaling.md quotes what it prints without options.
 */
const CACHE = { locationCacheMs: 1_000 };
const REPLICAS = { replicas: 9, replicaMs: 250 };
const NONE = { locationCacheMs: 0, replicas: 0, replicaMs: 0 };

/** Today's, and what may stand between it and the isolates. */
const TOPOLOGIES: readonly Topology[] = [
  TODAY,
  { ...NONE, name: "a cache per location", ...CACHE },
  { ...NONE, name: "replicas in 9 regions", ...REPLICAS },
  { name: "both", ...CACHE, ...REPLICAS },
];

const OPTIONS = {
  locations: { type: "string", default: "300" },
  isolates: { type: "string", default: "10" },
  requests: { type: "string", default: "5" },
  revocations: { type: "string", default: "10000" },
  "life-minutes": { type: "string", default: "15" },
} as const;

/** The lines that a run with `args` prints. Throws on an option that is no positive number. */
export function simulationLines(args: readonly string[]): readonly string[] {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const load: Load = {
    locations: positive(values.locations),
    isolatesPerLocation: positive(values.isolates),
    requestsPerSecond: positive(values.requests),
    revocationsPerMinute: positive(values.revocations),
  };
  const alive = load.revocationsPerMinute * positive(values["life-minutes"]);
  const entryBytes = (pageBytes(someEntries(10_000)) - pageBytes([])) / 10_000;
  return [
    `${count(load.locations)} locations x ${count(load.isolatesPerLocation)} isolates, ${load.requestsPerSecond} requests/s each ` +
      `(every fifth: one in 10 s), ${count(load.revocationsPerMinute)} revocations/min, ${count(alive)} alive`,
    "",
    ...topologyTable(load, alive, entryBytes),
    "",
    `an empty answer ${pageBytes([])} B, an entry ${entryBytes.toFixed(1)} B, 10,000 entries ${count(pageBytes(someEntries(10_000)))} B, ` +
      `a page of ${count(PAGE_ENTRIES)} ${count(pageBytes(someEntries(PAGE_ENTRIES)))} B`,
    "",
    ...coldTable(entryBytes),
  ];
}

function topologyTable(load: Load, alive: number, entryBytes: number): readonly string[] {
  const head = [
    "",
    "to the object/s",
    "peak",
    "MB/s of it",
    "B a pull",
    "waited %",
    "age p50",
    "p99",
    "max ms",
    "$/month",
  ];
  const rows = TOPOLOGIES.map((topology) => {
    const run = simulate(topology, load);
    const cost = monthlyCost(run, topology, load.revocationsPerMinute, alive);
    const parts = [cost.requests, cost.duration, cost.read, cost.written];
    const dollars = parts.reduce((sum, part) => sum + part, 0);
    return [
      topology.name,
      count(run.objectPulls / run.seconds),
      count(run.objectPeak),
      ((run.objectEntries * entryBytes + run.objectPulls * pageBytes([])) / run.seconds / 1e6).toFixed(1),
      count(pageBytes([]) + (run.entries / run.pulls) * entryBytes),
      ((100 * run.waited) / run.decisions).toFixed(1),
      ...[run.staleness.p50Ms, run.staleness.p99Ms, run.staleness.maxMs].map(count),
      `${count(dollars)} (${parts.map(count).join(" + ")})`,
    ];
  });
  return aligned([head, ...rows]);
}

function coldTable(entryBytes: number): readonly string[] {
  const head = ["entries alive", "pages", "MB to read", "ms at 50 ms a trip", `MB held (${HELD_BYTES} B each)`];
  const rows = [1_000, 4_000, 10_000, 100_000, 150_000, 1_000_000].map((entries) => {
    const { pages, bytes, ms, heldBytes } = coldStart(entries, entryBytes, 50);
    return [count(entries), count(pages), (bytes / 1e6).toFixed(2), count(ms), (heldBytes / 1e6).toFixed(1)];
  });
  return aligned([head, ...rows]);
}

function aligned(table: readonly (readonly string[])[]): readonly string[] {
  const widths = table[0]?.map((_, at) => Math.max(...table.map((row) => row[at]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new Error(`not a positive number: ${text}`);
  return value;
}

if (import.meta.main) console.log(simulationLines(process.argv.slice(2)).join("\n"));
