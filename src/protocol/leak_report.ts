import { isJsonObject } from "../kernel/strict_json.ts";

/**
 * Reports of secrets that were found in public, in the form of GitHub's secret scanning partner program: a JSON array of matches. Owns
 * the reading of them and the form of the answer.
 */
export interface LeakReport {
  readonly token: string;
  /** What the reporter calls this kind of secret. */
  readonly type: string;
  /** Where the reporter found it, in its own words: `content`, `issue_comment`, `npm`. */
  readonly source: string;
  /** An http(s) URL; null where none was told that can be shown. */
  readonly url: string | null;
}

/** The answer to one report. */
export interface LeakFeedback {
  /** SHA-256 of the token, in hexadecimal. */
  readonly token_hash: string;
  readonly token_type: string;
  readonly label: "true_positive" | "false_positive";
}

/** Of one message: more do not fit the size of a body that is read. */
export const MAX_REPORTS = 5_000;
const MAX_TOKEN = 4_096;
const MAX_TYPE = 200;
const MAX_SOURCE = 64;
const MAX_URL = 2_000;

/** The reports of `value`, or null where it is something else. Members that are not known are let be: the reporter may add some. */
export function parseLeakReports(value: unknown): readonly LeakReport[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_REPORTS) return null;
  const reports = value.map(parseReport);
  return reports.every((report) => report !== null) ? reports : null;
}

function parseReport(value: unknown): LeakReport | null {
  if (!isJsonObject(value)) return null;
  const { token, type, source, url } = value;
  if (typeof token !== "string" || token === "" || token.length > MAX_TOKEN) return null;
  if (typeof type !== "string" || type.length > MAX_TYPE) return null;
  const word = typeof source === "string" && /^[\w .-]+$/.test(source) ? source.slice(0, MAX_SOURCE) : "unknown";
  return { token, type, source: word.toLowerCase(), url: shownUrl(url) };
}

/** Operators follow it: nothing but the web, and no longer than a URL is. */
function shownUrl(url: unknown): string | null {
  if (typeof url !== "string" || url.length > MAX_URL || !URL.canParse(url)) return null;
  const { protocol, href } = new URL(url);
  return protocol === "https:" || protocol === "http:" ? href : null;
}
