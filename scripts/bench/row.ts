import type { CostedMeasurement, Load } from "./load.ts";

/** A load of what is measured, and one of what it is set against. */
export interface Pair {
  readonly target: Load;
  /** Whose processor time the target takes. */
  readonly targetPid: string;
  readonly control: Load;
  readonly controlPid: string;
  /** Loads both in short slices that take turns, as long as a round of either takes: for what differs by less than rounds do. Absent where rounds will do. */
  readonly inSlices?: (
    seconds: number,
  ) => Promise<readonly Readonly<Record<"target" | "control", CostedMeasurement>>[]>;
  /** How often both sides are loaded before the first round; once where it is absent. */
  readonly warmUps?: number;
  /** What was found while preparing, for a line beneath the table. */
  readonly note?: string;
}

/** One line of the table. */
export interface Row {
  /** Rows that belong together: `BENCH_ONLY` chooses by it as well as by the name. */
  readonly group: "gateway" | "policy" | "flat" | "others" | "issuer";
  /** What is measured, and against what. */
  readonly name: string;
  /** The least ratio that counts as passed; null for a row without one. */
  readonly floor: number | null;
  /** Starts what the row needs; null where that cannot be had here, which it has said then. */
  readonly prepare: () => Promise<Pair | null>;
}
