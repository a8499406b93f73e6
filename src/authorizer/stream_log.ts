import { type LogFields, logEvent } from "../http/log.ts";
import type { Exchange } from "./exchange.ts";

/**
 * The one line per connection that stayed open, at its end: why, and what ended the credential where that is why. The line of the
 * decision has the same id.
 */
export function logStreamClosed(
  kind: "websocket" | "response",
  reason: string,
  credentialReason: string | null,
  startedMs: number,
  { requestId, trace }: Exchange,
  fields: LogFields,
): void {
  logEvent("stream_closed", {
    request_id: requestId,
    route: trace.route,
    kind,
    reason,
    credential_reason: credentialReason ?? undefined,
    principal: trace.holder?.principal.kind ?? null,
    principal_id: trace.holder?.principal.id ?? null,
    ...fields,
    duration_ms: Date.now() - startedMs,
  });
}
