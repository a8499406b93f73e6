/*
 * Timestamps as RFC 3339 §5.6 writes them: read in one way, wherever one comes from. `Date.parse` alone takes much that is none, and makes
 * another day of one that there is not.
 */

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/**
 * The moment that `text` names, in Unix milliseconds; null where it is no `date-time`. A time of nowhere in particular, without an offset, is
 * none, and neither is a leap second: Unix time has no name for it.
 */
export function momentOf(text: string): number | null {
  const atMs = isDateTime(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : atMs;
}

/** Whether `text` is a `date-time`, leap seconds among them. */
export function isDateTime(text: string): boolean {
  return /^[tT]$/.test(text.charAt(10)) && isFullDate(text.slice(0, 10)) && isFullTime(text.slice(11));
}

/** Whether it is a `full-date`, of a day that there is. */
export function isFullDate(text: string): boolean {
  const [, year = "", month = "", day = ""] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text) ?? [];
  const days = DAYS[Number(month) - 1] ?? 0;
  const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
  const last = Number(month) === 2 && !isLeap ? 28 : days;
  return Number(day) >= 1 && Number(day) <= last;
}

/** Whether it is a `full-time`. A leap second is one where it is 23:59:60 in UTC. */
export function isFullTime(text: string): boolean {
  const found = /^(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,20})?(?:[zZ]|([+-])(\d{2}):(\d{2}))$/.exec(text);
  if (found === null) return false;
  const [, hour = "", minute = "", second = "", sign = "+", offsetHour = "0", offsetMinute = "0"] = found;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(offsetHour) > 23 || Number(offsetMinute) > 59) return false;
  if (Number(second) < 60) return true;
  const offset = (sign === "-" ? -1 : 1) * (Number(offsetHour) * 60 + Number(offsetMinute));
  const inUtc = (Number(hour) * 60 + Number(minute) - offset + 2880) % 1440;
  return Number(second) === 60 && inUtc === 1439;
}
