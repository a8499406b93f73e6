import type { WebSocketRelay } from "../access/route_stream.ts";
import { CLOSINGS, type Closing, type GateEnding, relayedClosing } from "../protocol/websocket_close.ts";

/** Why a relayed WebSocket ended. */
export type RelayEnding = GateEnding | "caller_closed" | "origin_closed";

/** What passed through a relayed WebSocket, in bytes of messages. */
export interface Relayed {
  toCaller: number;
  toOrigin: number;
  messages: number;
}

type Side = "caller" | "origin";

const OPEN = { binaryType: "arraybuffer", halfOpen: { allowHalfOpen: true } } as const;
const encoder = new TextEncoder();

/**
 * Passes messages between `caller` and `origin` until one of them ends, or a bound is reached; `ended` hears it once. Codes and reasons of one side
 * reach the other, and both are closed before `ended` is called. The runtime queues what it is given to send and does not tell how much of that is left,
 * so a side that reads slowly is bounded by `maxBytes` alone. Returns how to end it for a reason of the gate's own.
 */
export function relayMessages(
  caller: WebSocket,
  origin: WebSocket,
  bounds: WebSocketRelay,
  ended: (why: RelayEnding, relayed: Relayed) => void,
): (why: GateEnding) => void {
  const relayed: Relayed = { toCaller: 0, toOrigin: 0, messages: 0 };
  let isOver = false;
  let lastMs = Date.now();
  let idle: ReturnType<typeof setTimeout> | null = null;

  const finish = (why: RelayEnding, closing: Closing) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(idle);
    clearTimeout(limit);
    close(caller, closing);
    close(origin, closing);
    ended(why, relayed);
  };
  const end = (why: GateEnding) => finish(why, CLOSINGS[why]);
  const limit = setTimeout(() => end("time_is_up"), bounds.maxMs);
  // One timer for many messages: it looks how long ago the last one was.
  const watchIdle = (inMs: number) => {
    idle = setTimeout(() => {
      const leftMs = lastMs + bounds.idleMs - Date.now();
      if (leftMs > 0) watchIdle(leftMs);
      else end("idle");
    }, inMs);
  };
  watchIdle(bounds.idleMs);

  const listen = (from: WebSocket, side: Side) => {
    const [to, count, other] =
      side === "caller"
        ? ([origin, "toOrigin", "origin_lost"] as const)
        : ([caller, "toCaller", "caller_lost"] as const);
    const lost = side === "caller" ? "caller_lost" : "origin_lost";
    from.addEventListener("message", ({ data }) => {
      if (isOver) return;
      const bytes = typeof data === "string" ? textBytes(data, bounds.maxMessageBytes) : data.byteLength;
      if (bytes > bounds.maxMessageBytes) return end("message_too_big");
      relayed[count] += bytes;
      if (relayed[count] > bounds.maxBytes) return end("too_much_relayed");
      relayed.messages += 1;
      lastMs = Date.now();
      try {
        to.send(data);
      } catch {
        end(other);
      }
    });
    from.addEventListener("close", ({ code, reason }) => {
      const closing = relayedClosing(code, reason);
      if (closing === null) end(lost);
      else finish(`${side}_closed`, closing);
    });
    from.addEventListener("error", () => end(lost));
    from.binaryType = OPEN.binaryType;
    from.accept(OPEN.halfOpen);
  };
  listen(caller, "caller");
  listen(origin, "origin");
  return end;
}

/** A text's bytes on the wire; what has more characters than `max` is too long whatever they are. */
function textBytes(text: string, max: number): number {
  return text.length > max ? text.length : encoder.encode(text).byteLength;
}

/** Closes a side in whatever state it is: one that is gone already throws. */
function close(socket: WebSocket, { code, reason }: Closing): void {
  try {
    if (code === null) socket.close();
    else socket.close(code, reason);
  } catch {
    // Nobody is there to be told.
  }
}
