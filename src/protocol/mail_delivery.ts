const FIRST_PAUSE_MS = 30_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** As long as the longest link lives: by then a mail has nothing left to say that helps. */
const MAIL_LIFE_MS = 86_400_000;

/**
 * When a mail is tried again if the try at `nowMs` fails: twice as late each time, at least once an hour. Null where the
 * mail is too old for this try already. Times in Unix milliseconds.
 */
export function nextTryMs(
  { createdAtMs, tries }: { readonly createdAtMs: number; readonly tries: number },
  nowMs: number,
): number | null {
  if (nowMs - createdAtMs >= MAIL_LIFE_MS) return null;
  return nowMs + Math.min(FIRST_PAUSE_MS * 2 ** Math.min(tries, 10), LONGEST_PAUSE_MS);
}
