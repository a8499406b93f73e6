const UNITS: readonly (readonly [string, number])[] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** A length of time as people say it, in its largest fitting unit: `15 minutes`, `30 days`, `1 hour`. */
export function lengthInWords(seconds: number): string {
  for (const [unit, size] of UNITS) {
    // Up to two of a unit the smaller one is the truer word: 90 minutes are neither one hour nor two.
    if (seconds % size === 0 && seconds >= size) return count(seconds / size, unit);
    if (seconds >= size * 2) return `about ${count(Math.round(seconds / size), unit)}`;
  }
  return count(Math.max(1, Math.round(seconds)), "second");
}

/** How long to wait: never less than it takes. */
export function waitInWords(seconds: number): string {
  if (seconds < 60) return count(Math.max(1, Math.ceil(seconds)), "second");
  return seconds < 7_200 ? count(Math.ceil(seconds / 60), "minute") : count(Math.ceil(seconds / 3_600), "hour");
}

/** How long ago `thenMs` was, without a time zone: the page does not know the reader's. */
export function agoInWords(thenMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - thenMs) / 1000));
  for (const [unit, size] of UNITS) if (seconds >= size) return `${count(Math.floor(seconds / size), unit)} ago`;
  return "just now";
}

function count(number: number, unit: string): string {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
