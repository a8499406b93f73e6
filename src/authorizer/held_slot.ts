import type { Slot } from "../limits/slots.ts";
import type { Defer } from "../ports/edge_feed.ts";
import { statedLength } from "./body_limit.ts";
import type { Forwarded } from "./forward.ts";

/** Well within the time after which a place counts as lost. */
const SIGN_OF_LIFE_MS = 15_000;
/** Read ahead of the caller, so that a slow reader of a usual answer does not keep the origin's place. */
const AHEAD_BYTES = 64 * 1024;

/**
 * Does `work` while `slot` is held, and gives it back once: when there is no response or none with a body, else when the body
 * has ended, failed, or is read no more. A caller who hangs up ends the request but not what was handed to `defer`, so the place is
 * given back then as well; and where the platform ends that too, the signs of life stop. Of a caller who hung up while its response was
 * written, workerd tells the body nothing: it is only read no more. So one of which nothing was taken for `readerIdleMs` counts as
 * ended, whether its reader is gone or asleep. What became a WebSocket ends when `closed` says so.
 */
export function holdSlot(
  slot: Slot,
  readerIdleMs: number,
  defer: Defer,
  closed: Promise<void> | null,
  work: () => Promise<Forwarded>,
): Promise<Forwarded> {
  const signs = setInterval(() => slot.alive(Date.now()), SIGN_OF_LIFE_MS);
  const release = () => {
    clearInterval(signs);
    slot.release();
  };
  const held = work().then(
    (forwarded) => {
      if (forwarded.ok && closed !== null && forwarded.value.webSocket) {
        closed.then(release);
        return forwarded;
      }
      if (forwarded.ok && reachesCaller(forwarded.value)) {
        return { ...forwarded, value: releasedAtEnd(forwarded.value, readerIdleMs, release, defer) };
      }
      release();
      return forwarded;
    },
    (error: unknown) => {
      release();
      throw error;
    },
  );
  defer(held.catch(() => undefined));
  return held;
}

/** Of other responses the gateway drops the body. */
function reachesCaller({ status, body }: Response): boolean {
  return body !== null && status >= 200 && status < 500;
}

/** `response` with a body that says when it has ended: it was read, it failed, or it is wanted no more. */
function releasedAtEnd(response: Response, readerIdleMs: number, release: () => void, defer: Defer): Response {
  if (response.body === null) return response;
  const reader = response.body.getReader();
  const ended = Promise.withResolvers<void>();
  let idle: ReturnType<typeof setTimeout> | null = null;
  const end = () => {
    clearTimeout(idle);
    release();
    ended.resolve();
  };
  const source: UnderlyingSource<Uint8Array> = {
    async pull(controller) {
      clearTimeout(idle);
      const chunk = await reader.read().catch((error: unknown) => {
        end();
        throw error;
      });
      if (chunk.done) {
        end();
        return controller.close();
      }
      controller.enqueue(chunk.value);
      // Cleared by the next pull, which comes at once unless what was read ahead waits for the reader.
      idle = setTimeout(() => {
        end();
        controller.error(new Error("the caller takes nothing"));
        reader.cancel().catch(() => undefined);
      }, readerIdleMs);
    },
    cancel(reason) {
      end();
      return reader.cancel(reason);
    },
  };
  defer(ended.promise);
  const body = new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: AHEAD_BYTES }));
  return new Response(withLength(body, response.headers), response);
}

/** `body` for a response with `headers`. Keeps a stated length, where it is the length of what is read: an encoded body is decoded on its way. */
export function withLength(body: ReadableStream<Uint8Array>, headers: Headers): ReadableStream {
  const length = headers.has("content-encoding") ? null : statedLength(headers);
  return length === null ? body : body.pipeThrough(new FixedLengthStream(length));
}
