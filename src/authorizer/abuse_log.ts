import type { AbuseTrace } from "../access/check_lists.ts";
import type { LogFields } from "../http/log.ts";
import type { ListHit } from "../policy/access_list.ts";

/** What the log says of lists, where there is something to say. */
export function abuseFields({ lists }: AbuseTrace): LogFields {
  return { lists: lists.length === 0 ? undefined : lists.map(inWords) };
}

function inWords({ list, action, matched, reason, beaten }: ListHit): string {
  return `${list} ${action}${beaten ? " (beaten)" : ""} ${matched}: ${reason}`;
}
