import type { AbuseTrace } from "../access/abuse_trace.ts";
import type { LogFields } from "../http/log.ts";
import type { ListHit } from "../policy/access_list.ts";

/** What the log says of lists, challenges and signals, where there is something to say. */
export function abuseFields(trace: AbuseTrace | null): LogFields {
  if (trace === null) return {};
  const { lists, captcha, signals } = trace;
  return {
    lists: lists.length === 0 ? undefined : lists.map(inWords),
    captcha: captcha ?? undefined,
    signals: signals?.length ? signals : undefined,
  };
}

function inWords({ list, action, matched, reason, beaten }: ListHit): string {
  return `${list} ${action}${beaten ? " (beaten)" : ""} ${matched}: ${reason}`;
}
