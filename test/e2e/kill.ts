import { setTimeout as sleep } from "node:timers/promises";
import type { RaceWorld } from "./race_world.ts";

/** How often each kill is tried: `KILL_ROUNDS=50 npm test` for more than the few of everyday runs. */
export const killRounds = (everyday: number) => Number(process.env.KILL_ROUNDS ?? everyday);

/**
 * Kills the runtime at a random moment in the `latestMs` after `ask` set out, restarts it, and returns the answer, null where none
 * came. `bias` above 1 kills early more often than late.
 */
export async function killedDuring<T>(
  world: Pick<RaceWorld, "crash">,
  { latestMs, bias = 1 }: { readonly latestMs: number; readonly bias?: number },
  ask: () => Promise<T>,
): Promise<T | null> {
  const answer = ask().catch(() => null);
  await sleep(latestMs * Math.random() ** bias);
  await world.crash();
  return answer;
}
