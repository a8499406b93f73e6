import { afterAll, beforeAll, vi } from "vitest";

const LEVELS = ["debug", "log", "info", "warn", "error"] as const;

/** Keeps what a test file's code logs out of the report and in the answer: every line of every level, oldest first. */
export function captureLogs(): readonly string[] {
  const lines: string[] = [];
  const spies: { mockRestore(): void }[] = [];
  beforeAll(() => {
    for (const level of LEVELS) {
      spies.push(
        vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.map(String).join(" "))),
      );
    }
  });
  afterAll(() => {
    for (const spy of spies) spy.mockRestore();
  });
  return lines;
}
