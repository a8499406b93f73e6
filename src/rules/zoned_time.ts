import { RuleInputError } from "./rule_input.ts";

/** Parts of a local time, as CEL's methods name and count them. */
export const ZONED_PARTS: Readonly<Record<string, (local: Date) => number>> = {
  getFullYear: (local) => local.getUTCFullYear(),
  /** January is 0. */
  getMonth: (local) => local.getUTCMonth(),
  /** The first is 1. */
  getDate: (local) => local.getUTCDate(),
  /** The first is 0. */
  getDayOfMonth: (local) => local.getUTCDate() - 1,
  /** Sunday is 0. */
  getDayOfWeek: (local) => local.getUTCDay(),
  getHours: (local) => local.getUTCHours(),
  getMinutes: (local) => local.getUTCMinutes(),
  getSeconds: (local) => local.getUTCSeconds(),
  getMilliseconds: (local) => local.getUTCMilliseconds(),
};

const MINUTE_MS = 60_000;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  /** The minute that was asked about last, since 1970, and how far the zone was ahead of UTC in it. */
  minute: number;
  offsetMs: number;
}

/**
 * Time zones by their IANA names. To ask the runtime takes some 20 µs, so that the answer of one minute is kept: no zone changes
 * within one.
 */
export class TimeZones {
  readonly #zones = new Map<string, Zone>();
  readonly #max: number;

  /** Remembers `max` zones. */
  constructor(max: number) {
    this.#max = max;
  }

  /** The local time in `zone` as if it were UTC. Throws `RuleInputError` for a zone that nobody knows. */
  localTime(time: Date, zone: string): Date {
    const known = this.#zone(zone);
    const minute = Math.floor(time.getTime() / MINUTE_MS);
    if (known.minute !== minute) {
      known.offsetMs = offsetOf(known.format, minute * MINUTE_MS);
      known.minute = minute;
    }
    return new Date(time.getTime() + known.offsetMs);
  }

  #zone(name: string): Zone {
    const known = this.#zones.get(name);
    if (known !== undefined) return known;
    const format = formatOf(name);
    if (format === null) throw new RuleInputError("there is no such time zone");
    if (this.#zones.size >= this.#max) this.#zones.clear();
    const zone = { format, minute: Number.NaN, offsetMs: 0 };
    this.#zones.set(name, zone);
    return zone;
  }
}

/** Whether `name` is a time zone that the runtime knows. */
export function isTimeZone(name: string): boolean {
  return formatOf(name) !== null;
}

function formatOf(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      calendar: "gregory",
      numberingSystem: "latn",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function offsetOf(format: Intl.DateTimeFormat, atMs: number): number {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get("era") === "BC" ? 1 - part("year") : part("year");
  const local = new Date(0);
  local.setUTCFullYear(year, part("month") - 1, part("day"));
  local.setUTCHours(part("hour"), part("minute"), part("second"));
  return local.getTime() - atMs;
}
