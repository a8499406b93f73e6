/** What may be wrong with a dependency. */
export type FaultKind = "missing" | "down" | "slow" | "lying" | "huge";

/** What a caller hears: a status, and the code beside it where there is one. */
export type Answer = `${number}` | `${number} ${string}`;

interface Row {
  /** What fails, in the words of docs/faults.md. */
  readonly dependency: string;
  /** The binding that leads to it; null for what is reached by its address. */
  readonly binding: string | null;
  readonly faults: readonly FaultKind[];
  /** Which call meets it. */
  readonly call: string;
  /** What its caller hears. */
  readonly answer: Answer;
  /** What is left of it in the log: an event, and a word that its line holds. Null for nothing. */
  readonly log: string | null;
}

/** A fault that the suite brings about, with a call that it makes. */
export interface DrivenRow<Call extends string, Lie extends string = never> extends Row {
  readonly call: Call;
  /** Whether the isolate has served this caller before. */
  readonly isolate: "cold" | "warm";
  /**
   * How long a caller waits at most for one that never answers, in milliseconds. Null where the row has no such fault, and where no caller
   * waits: that there is a deadline is tested all the same.
   */
  readonly withinMs: number | null;
  /** What it says while it lies; null where the row has no such fault. */
  readonly lie?: Lie;
  /** Calls that go on as if nothing were. */
  readonly meanwhile: readonly Call[];
  /** What the same call is answered once it is mended, by the same isolate. */
  readonly after: Answer;
  /** How long after the fault it is noticed that it is mended, in milliseconds; at once where absent. */
  readonly pauseMs?: number;
}

/** A fault whose test is somewhere else. */
export interface ProvenRow extends Row {
  readonly meanwhile: string;
  readonly after: string;
  /** Where, and the beginning of the test's name. */
  readonly test: readonly [file: string, name: string];
}
