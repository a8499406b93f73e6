import { createRequire } from "node:module";
import { text } from "node:stream/consumers";
import { processorSeconds } from "./process_usage.ts";

/**
 * A load of two requests in slices that take turns: a process of its own. Whatever else a machine does lasts longer than a slice, and meets both. Reads a
 * `SlicedJob` as JSON from its standard input, writes a `Slice` for each side of each turn to its output.
 */
export interface SlicedJob {
  readonly target: SlicedSide;
  readonly control: SlicedSide;
  readonly connections: number;
  /** Of each slice. */
  readonly seconds: number;
  readonly turns: number;
}

export interface SlicedSide {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whose processor time it takes. */
  readonly pid: string;
}

/** What autocannon tells of one slice of one side, and the processor time that it took there. */
export interface Slice {
  readonly result: object;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export type Turn = Readonly<Record<"target" | "control", Slice>>;

interface Result {
  readonly start: Date;
  readonly finish: Date;
}

/** How often autocannon looks whether its time is over, in milliseconds: by itself once a second. */
const LOOK_MS = 50;

async function run({ target, control, connections, seconds, turns }: SlicedJob): Promise<readonly Turn[]> {
  const autocannon: (options: object) => Promise<Result> = createRequire(import.meta.url)("autocannon");
  const slice = async ({ url, headers, pid }: SlicedSide): Promise<Slice> => {
    const before = processorSeconds(pid);
    const result = await autocannon({ url, headers, connections, duration: seconds, sampleInt: LOOK_MS });
    // Its own `duration` is in hundredths of a second, which is too coarse for a slice.
    const took = (result.finish.getTime() - result.start.getTime()) / 1000;
    return { result, seconds: took, cpuSeconds: processorSeconds(pid) - before };
  };
  const taken: Turn[] = [];
  for (let turn = 0; turn < turns; turn++) {
    // By chance, so that nothing that comes again and again keeps pace with either.
    const first = Math.random() < 0.5 ? await slice(target) : null;
    const without = await slice(control);
    taken.push({ control: without, target: first ?? (await slice(target)) });
  }
  return taken;
}

if (import.meta.main) process.stdout.write(JSON.stringify(await run(JSON.parse(await text(process.stdin)))));
