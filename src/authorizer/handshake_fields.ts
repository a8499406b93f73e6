import type { Call } from "../access/gate.ts";
import { offeredProtocols } from "../access/handshake.ts";

/** Asks an origin for a WebSocket, with what the caller offers but for what is the gate's. Key, version and extensions are the runtime's. */
export function setHandshake(headers: Record<string, string>, call: Call): void {
  headers.upgrade = "websocket";
  const onward = offeredProtocols(call)?.onward ?? [];
  if (onward.length > 0) headers["sec-websocket-protocol"] = onward.join(", ");
}
