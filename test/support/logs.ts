import { afterAll, beforeEach, expect, vi } from "vitest";

type Line = Readonly<Record<string, unknown>>;

/** What was logged. */
export interface CapturedLogs {
  /** This test's lines of one event. */
  events(event: string): readonly Line[];
  /** All lines of this test, as they were written. */
  readonly lines: readonly string[];
  /** The last decision's line of this test. */
  readonly lastDecision: Line;
}

const secrets = new Set<string>();

/** Remembers `value` as something that no log line may hold. Returns it. */
export function secret(value: string): string {
  secrets.add(value);
  return value;
}

/**
 * Captures the console during each test. After all tests of a file, each line of them is JSON and holds no secret: no
 * credential that the support code made, no signature of one, no query.
 */
export function captureLogs(): CapturedLogs {
  const whole: string[] = [];
  let lines: string[] = [];
  beforeEach(() => {
    lines = [];
    for (const level of ["info", "error", "log", "warn", "debug"] as const) {
      vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
        const line = parts.map(String).join(" ");
        lines.push(line);
        whole.push(line);
      });
    }
  });
  afterAll(() => {
    expect(whole.length).toBeGreaterThan(0);
    for (const line of whole) {
      expect(() => JSON.parse(line), line).not.toThrow();
      const leaked = [...secrets].find((value) => line.includes(value));
      expect(leaked, `a secret in ${line}`).toBeUndefined();
      expect(line, "a query in a log line").not.toMatch(/access_token=|\?\w+=/);
    }
  });
  const events = (event: string) => lines.map((line): Line => JSON.parse(line)).filter((line) => line.event === event);
  return {
    events,
    get lines() {
      return lines;
    },
    get lastDecision() {
      const last = events("decision").at(-1);
      if (last === undefined) throw new Error("no decision was logged");
      return last;
    },
  };
}
