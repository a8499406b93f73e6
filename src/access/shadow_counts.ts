import type { ShadowDifference, ShadowExample, ShadowRecords, ShadowRun } from "../ports/shadow.ts";

/** Ways to differ that are kept apart between two tellings; what comes later is counted together. */
const MAX_WAITING = 100;
const MAX_RUNS = 4;
const MAX_EXAMPLES = 3;
/** Between two tellings; behind an answer the platform gives 30 s. */
const PACE_MS = 10_000;
/** What comes together is told together. */
const COLLECT_MS = 1_000;
/** A telling whose own request was cut off never settles: after this long it is given up. */
const STUCK_MS = 25_000;
/** Longer texts are cut: they come from a configuration, and the table has its bounds. */
const MOST = { route: 500, action: 200, rule: 200, verdict: 64 };

/** How one call came out, twice. */
export type Compared = Pick<ShadowDifference, "route" | "action" | "live" | "shadow" | "rule">;

type Noted = { tried: string; nowMs: number; defer: (work: Promise<unknown>) => void };

/**
 * Where what is in shadow differs from what runs, counted in this isolate and told behind answers, at most once in ten seconds. What an isolate takes with it
 * when it ends is lost: it is a help for changing rules, no record of calls.
 */
export class ShadowCounts {
  readonly #records: ShadowRecords;
  readonly #lost: (calls: number, error: unknown) => void;
  readonly #pause: (ms: number) => Promise<void>;
  #runs = new Map<string, ShadowRun>();
  #differences = new Map<string, ShadowDifference>();
  #startedMs: number | null = null;
  #toldMs = Number.NEGATIVE_INFINITY;

  /** `lost` hears of what could not be told. */
  constructor(
    records: ShadowRecords,
    lost: (calls: number, error: unknown) => void,
    pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  ) {
    this.#records = records;
    this.#lost = lost;
    this.#pause = pause;
  }

  /** A call that was decided twice; `difference` is null where both say the same. */
  compared(at: Noted, difference: Compared | null, example: ShadowExample): void {
    if (difference !== null) this.#differ(at, difference, example);
    this.#count(at, "compared");
  }

  /** A call that was not: it cannot be, or there was no time for it. */
  left(at: Noted, why: "undecided" | "skipped"): void {
    this.#count(at, why);
  }

  #count({ tried, nowMs, defer }: Noted, what: "compared" | "undecided" | "skipped"): void {
    const none = { tried, compared: 0, undecided: 0, skipped: 0, firstMs: nowMs };
    const before = this.#runs.get(tried) ?? none;
    if (before === none && this.#runs.size >= MAX_RUNS) return;
    this.#runs.set(tried, { ...before, [what]: before[what] + 1, lastMs: nowMs });
    if (this.#startedMs !== null && nowMs - this.#startedMs < STUCK_MS) return;
    this.#startedMs = nowMs;
    defer(this.#tell(nowMs));
  }

  #differ({ tried, nowMs }: Noted, compared: Compared, example: ShadowExample): void {
    const told = {
      route: compared.route.slice(0, MOST.route),
      action: compared.action.slice(0, MOST.action),
      live: compared.live.slice(0, MOST.verdict),
      shadow: compared.shadow.slice(0, MOST.verdict),
      rule: compared.rule.slice(0, MOST.rule),
    };
    const own = keyOf(tried, told);
    const hasRoom = this.#differences.has(own) || this.#differences.size < MAX_WAITING;
    const kept = hasRoom ? told : { ...told, route: "*", action: "*", rule: "*" };
    const key = hasRoom ? own : keyOf(tried, kept);
    const before = this.#differences.get(key);
    const examples = before?.examples ?? [];
    this.#differences.set(key, {
      tried,
      ...kept,
      calls: (before?.calls ?? 0) + 1,
      firstMs: before?.firstMs ?? nowMs,
      lastMs: nowMs,
      examples: examples.length < MAX_EXAMPLES ? [...examples, example] : examples,
    });
  }

  async #tell(startedMs: number): Promise<void> {
    const pauseMs = Math.min(PACE_MS, Math.max(COLLECT_MS, this.#toldMs + PACE_MS - startedMs));
    await this.#pause(pauseMs);
    if (this.#startedMs !== startedMs) return;
    const runs = [...this.#runs.values()];
    const differences = [...this.#differences.values()];
    this.#runs = new Map();
    this.#differences = new Map();
    this.#toldMs = startedMs + pauseMs;
    try {
      await this.#records.note(runs, differences);
    } catch (error) {
      this.#lost(
        runs.reduce((sum, { compared }) => sum + compared, 0),
        error,
      );
    }
    if (this.#startedMs === startedMs) this.#startedMs = null;
  }
}

function keyOf(tried: string, { route, action, live, shadow, rule }: Compared): string {
  return JSON.stringify([tried, route, action, live, shadow, rule]);
}
