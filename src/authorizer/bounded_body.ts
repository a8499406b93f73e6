import type { Gate } from "../access/gate.ts";
import type { Passage } from "../access/pass_gate.ts";
import type { RouteStream } from "../access/route_stream.ts";
import { watchCredential } from "./credential_watch.ts";
import { EventBoundary } from "./event_boundary.ts";
import type { Exchange } from "./exchange.ts";
import { withLength } from "./held_slot.ts";
import { logStreamClosed } from "./stream_log.ts";

/** Why the gate ended a body before its origin did. */
type BodyEnding = "credential_ended" | "credential_unchecked" | "time_is_up" | "caller_idle";

/**
 * `response` with a body that ends by the gate's word too: with the credential, after `maxMs`, and when nobody takes of it for `idleMs`. It is read as
 * fast as the caller takes it, and nothing of it is kept. A stream of events (`text/event-stream`) ends with an event that says so where one event has ended
 * and none has begun; any other body is broken off, so that nobody takes a part of it for the whole. A caller who hangs up ends the origin's.
 */
export function boundedBody(
  response: Response,
  { closesWithCredential, maxMs, idleMs }: RouteStream,
  passage: Passage,
  exchange: Exchange,
  gate: Gate,
): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const boundary = isEventStream(response.headers) ? new EventBoundary() : null;
  const ended = Promise.withResolvers<void>();
  const startedMs = Date.now();
  let bytes = 0;
  let isOver = false;
  let stopWatching: (() => void) | null = null;
  let limit: ReturnType<typeof setTimeout> | null = null;
  let idle: ReturnType<typeof setTimeout> | null = null;

  const finish = (reason: string, credentialReason: string | null = null) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(limit);
    clearTimeout(idle);
    stopWatching?.();
    ended.resolve();
    logStreamClosed("response", reason, credentialReason, startedMs, exchange, { bytes_to_caller: bytes });
  };
  const endEarly = (
    controller: ReadableStreamDefaultController<Uint8Array>,
    why: BodyEnding,
    credentialReason: string | null = null,
  ) => {
    if (isOver) return;
    finish(why, credentialReason);
    if (boundary?.isBetweenEvents && why !== "caller_idle") {
      controller.enqueue(endEvent(why));
      controller.close();
    } else controller.error(new Error(`ended by the gate: ${why}`));
    reader.cancel().catch(() => undefined);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (maxMs !== null) limit = setTimeout(() => endEarly(controller, "time_is_up"), maxMs);
        if (closesWithCredential) {
          stopWatching = watchCredential(passage, exchange, gate, (why, reason) => endEarly(controller, why, reason));
        }
      },
      async pull(controller) {
        clearTimeout(idle);
        const chunk = await reader.read().catch((error: unknown) => {
          finish("origin_lost");
          throw error;
        });
        if (isOver) return;
        if (chunk.done) {
          finish("origin_closed");
          return controller.close();
        }
        bytes += chunk.value.byteLength;
        boundary?.note(chunk.value);
        controller.enqueue(chunk.value);
        // Cleared by the next pull, which comes when the caller takes on.
        idle = setTimeout(() => endEarly(controller, "caller_idle"), idleMs);
      },
      cancel(reason) {
        finish("caller_closed");
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  exchange.call.defer(ended.promise);
  return new Response(withLength(body, response.headers), response);
}

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\s*(?:;|$)/i.test(headers.get("content-type") ?? "");
}

/** The last event of a stream that the gate ended. Why a credential ended is not said. */
function endEvent(reason: BodyEnding): Uint8Array {
  return new TextEncoder().encode(`event: sallyport-end\ndata: {"reason":"${reason}"}\n\n`);
}
