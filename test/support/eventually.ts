import { vi } from "vitest";

/** Nothing but a hang takes so long. */
const PATIENCE_MS = 120_000;

/** What `holds` answers once it no longer throws: for what goes on behind an answer, and tells nobody when it is done. */
export function eventually<T>(holds: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(holds, { timeout: PATIENCE_MS, interval: 5 });
}
