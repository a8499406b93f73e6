import { Lru } from "../kernel/lru.ts";
import type { PinNotices, UsedPin } from "../ports/pin_notices.ts";

/** How often an isolate tells of the same pin, in milliseconds. */
const PAUSE_MS = 60 * 60_000;
const ENTRY_BYTES = 256;
const DAY_MS = 24 * 60 * 60_000;

/** Writes a line about a pin that is used near its end, and about one that was kept as a backup: once an hour for each. */
export class PinLog implements PinNotices {
  readonly #toldMs = new Lru<number>({ maxEntries: 1_000, maxBytes: 1_000 * ENTRY_BYTES });

  used({ set, sha256, untilMs, isBackup, isEnding }: UsedPin, nowMs: number): void {
    const name = `${set}:${sha256}`;
    const toldMs = this.#toldMs.get(name);
    if (toldMs !== undefined && nowMs >= toldMs && nowMs - toldMs < PAUSE_MS) return;
    this.#toldMs.set(name, nowMs, ENTRY_BYTES);
    const until = new Date(untilMs).toISOString();
    const fields = { pins: set, sha256, backup: isBackup, until, days_left: Math.floor((untilMs - nowMs) / DAY_MS) };
    const event = isEnding ? "pin_ends_soon" : "pin_backup_used";
    console.error(JSON.stringify({ time: new Date(nowMs).toISOString(), level: "warn", event, ...fields }));
  }
}
