import { DurableObject } from "cloudflare:workers";
import { faultText } from "../kernel/fault_text.ts";
import type { Sweeper, SweepOutcome } from "../ports/retention.ts";

/** What the sweeper does; the composition gives it. */
export interface SweeperWiring {
  /** One round. */
  readonly sweep: (nowMs: number) => Promise<SweepOutcome>;
  /** How long after a round that left nothing the next one comes, in milliseconds. */
  readonly everyMs: number;
}

/** Not at once: whoever started has something better to do. */
const FIRST_MS = 60_000;
const MORE_MS = 1_000;
const FAILED_MS = 5 * 60_000;

/**
 * Forgets what is over, round by round, from its alarm alone: the platform rings it wherever the Worker runs, `wrangler dev`
 * included, and in one place only. The next alarm is set before a round begins, so that no death ends the row of rounds.
 */
export abstract class SweeperObject<Env> extends DurableObject<Env> implements Sweeper {
  protected abstract wire(): SweeperWiring;

  /** A setting that was shortened brings the next round forward. */
  async expect(): Promise<void> {
    const latestMs = Date.now() + Math.max(FIRST_MS, this.wire().everyMs);
    const alarm = await this.ctx.storage.getAlarm();
    if (alarm === null || alarm > latestMs) await this.ctx.storage.setAlarm(Date.now() + FIRST_MS);
  }

  override async alarm(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + FAILED_MS);
    await this.ctx.storage.setAlarm(Date.now() + (await this.#round()));
  }

  /** Makes a round. How long after it the next one comes, in milliseconds. */
  async #round(): Promise<number> {
    try {
      const { sweep, everyMs } = this.wire();
      const outcome = await sweep(Date.now());
      if (outcome === "more") return MORE_MS;
      return outcome === "failed" ? Math.min(FAILED_MS, everyMs) : everyMs;
    } catch (error) {
      console.error(JSON.stringify({ event: "sweeper_failed", error: faultText(error) }));
      return FAILED_MS;
    }
  }
}
