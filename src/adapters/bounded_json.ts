import { Outage, orOutage } from "../kernel/outage.ts";
import { parseStrictJson } from "../kernel/strict_json.ts";
import { type OutboundReach, outboundUrlFault } from "../policy/outbound_url.ts";
import { boundedText } from "./bounded_text.ts";

/** How far a call to a server of others may go. */
export interface CallBounds {
  /** What an outage is called. */
  readonly dependency: string;
  readonly deadlineMs: number;
  readonly maxBytes: number;
  /** Media types of the answer, in lower case. */
  readonly types: readonly string[];
  readonly reach: OutboundReach;
  /** Whether an answer in which a name stands twice is none: where one member of it decides. */
  readonly strict?: boolean;
}

/**
 * The JSON that `url` answers with status 200. The address is judged before each call; redirects are not followed; another
 * status or media type, and what is too slow, too large or no JSON, is an `Outage`. The call ends with its deadline.
 */
export async function boundedJson(url: string, bounds: CallBounds, init: RequestInit = {}): Promise<unknown> {
  const { dependency, deadlineMs } = bounds;
  const fault = outboundUrlFault(url, bounds.reach);
  if (fault !== null) throw new Outage(dependency, { cause: fault });
  const ending = new AbortController();
  try {
    return await orOutage(dependency, deadlineMs, async () => {
      const headers = { accept: bounds.types.join(", "), ...Object.fromEntries(new Headers(init.headers)) };
      const response = await fetch(url, { ...init, headers, redirect: "manual", signal: ending.signal });
      const type = (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
      if (response.status !== 200) throw new Outage(dependency, { cause: `status ${response.status}` });
      if (!bounds.types.includes(type)) throw new Outage(dependency, { cause: "content type" });
      const text = await boundedText(response.body, bounds.maxBytes, dependency);
      if (bounds.strict !== true) return JSON.parse(text) as unknown;
      const value = parseStrictJson(text);
      if (value === undefined) throw new Outage(dependency, { cause: "not JSON with one meaning" });
      return value;
    });
  } finally {
    // Whatever is still on its way is wanted no more.
    ending.abort();
  }
}

/** Whether `error` is an answer from 400 to 499 but one of `besides`: it may be about the question alone, which whoever calls has a hand in. */
export function isRefusal(error: unknown, besides: readonly number[]): boolean {
  const status = error instanceof Outage ? /^status (4\d\d)$/.exec(String(error.cause))?.[1] : undefined;
  return status !== undefined && !besides.includes(Number(status));
}
