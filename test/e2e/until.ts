import { setTimeout as sleep } from "node:timers/promises";

const PACE_MS = 20;

/** A gate that did not hear in time what still counts lets nobody in and says so: neither the old answer nor the new one. */
const UNHEARD = 503;

/** What is heard by whoever comes back where they were told to: the first status that is no such answer. */
export async function heard(call: () => Promise<number>): Promise<number> {
  for (;;) {
    const status = await call();
    if (status !== UNHEARD) return status;
    await sleep(PACE_MS);
  }
}

/** Asks until `holds`. What never does ends with its test's patience, and no sooner: a busy machine is no reason to give up. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(PACE_MS);
}

/**
 * Calls until the answer is `wanted`; tells how many milliseconds after `startMs` the last call set out that was answered as before, 0 where
 * none was. What a gate knows has an age when a call reaches it, and none that sets out later than that age's bound can be answered as before:
 * not even where its way there and back takes long, on a machine that is busy.
 */
export async function msUntil(wanted: number, call: () => Promise<number>, startMs = Date.now()): Promise<number> {
  for (let lastMs = 0; ; ) {
    const sentMs = Date.now();
    const status = await call();
    if (status === wanted) return lastMs;
    if (status !== UNHEARD) lastMs = sentMs - startMs;
    await sleep(PACE_MS);
  }
}
