import { vi } from "vitest";
import { auditedConfig, type MemoryQueue, memoryQueue } from "./audit_trail.ts";
import { install } from "./install.ts";

/** `work`, with the clock of timers running ahead for as long as it takes. */
export async function hurried<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  while (!isDone) await vi.advanceTimersByTimeAsync(500);
  return done;
}

/** A gate that records, and the queue that it records into. */
export function gateWith(
  audits: Parameters<typeof auditedConfig>[0],
  gateway: Parameters<typeof auditedConfig>[1] = {},
  queue: MemoryQueue = memoryQueue(),
) {
  const gate = install({ config: auditedConfig(audits, gateway), env: { AUDIT: queue.binding } });
  return { gate, queue };
}

/** A call with an API key, from an address of IPv6. */
export const present = (key: string) => ({ headers: { "x-api-key": key, "cf-connecting-ip": "2001:db8:1:2:3:4:5:6" } });
