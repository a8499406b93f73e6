import type { JudgedLimits } from "../access/admit.ts";
import type { Gate } from "../access/gate.ts";
import { offeredProtocols } from "../access/handshake.ts";
import type { Passage } from "../access/pass_gate.ts";
import type { RouteWebSocket, WebSocketRelay } from "../access/route_stream.ts";
import { chosenProtocol } from "../protocol/websocket_protocols.ts";
import { watchCredential } from "./credential_watch.ts";
import type { Exchange } from "./exchange.ts";
import { type Forwarded, withoutResponse } from "./forward.ts";
import { passCookies, passResponse, setPassFields } from "./response.ts";
import { logStreamClosed } from "./stream_log.ts";
import { type RelayEnding, relayMessages } from "./websocket_relay.ts";

/**
 * What an origin that was asked for a WebSocket has answered: one that the caller can take, or its refusal (4xx, 5xx). Anything else is no answer to
 * that question, and a subprotocol that was not offered none that the caller may be told (RFC 6455 §4.1).
 */
export function upgraded(forwarded: Forwarded, exchange: Exchange): Forwarded {
  if (!forwarded.ok) return forwarded;
  const { status, body, webSocket } = forwarded.value;
  if (webSocket !== null && protocolFor(forwarded.value, exchange) !== undefined) return forwarded;
  if (webSocket !== null) hangUp(webSocket);
  else if (status >= 400) return forwarded;
  exchange.closed?.resolve();
  body?.cancel().catch(() => undefined);
  return withoutResponse("upgrade_failed");
}

/**
 * The caller's answer to a handshake that passed: 101 where the origin opened a WebSocket. Of the origin's fields the chosen subprotocol passes, and cookies that
 * the route names.
 */
export function openedWebSocket(
  forwarded: Forwarded,
  { relay }: RouteWebSocket,
  passage: Passage,
  limits: JudgedLimits | null,
  exchange: Exchange,
  gate: Gate,
): Response {
  const { route } = passage;
  if (!forwarded.ok || forwarded.value.webSocket === null) return passResponse(forwarded, route, limits, exchange);
  const { webSocket: origin, headers: said } = forwarded.value;
  const headers = new Headers();
  const protocol = protocolFor(forwarded.value, exchange);
  if (typeof protocol === "string") headers.set("sec-websocket-protocol", protocol);
  if (route.cookies !== null) passCookies(said, headers, route.cookies, exchange.canonical.scheme);
  setPassFields(headers, limits);
  const webSocket = relay === null ? origin : relayed(origin, relay, passage, exchange, gate);
  return new Response(null, { status: 101, webSocket, headers });
}

/** The subprotocol that the caller is told of; null for none, undefined where there is none that may be told. */
function protocolFor({ headers }: Response, { call }: Exchange): string | null | undefined {
  const offered = offeredProtocols(call);
  return offered === null ? undefined : chosenProtocol(offered, headers.get("sec-websocket-protocol"));
}

function hangUp(socket: WebSocket): void {
  socket.accept();
  socket.close(1002, "subprotocol not offered");
}

/** The caller's end of a connection to `origin` that the gate passes messages on in. */
function relayed(
  origin: WebSocket,
  bounds: WebSocketRelay,
  passage: Passage,
  exchange: Exchange,
  gate: Gate,
): WebSocket {
  const { 0: callersEnd, 1: caller } = new WebSocketPair();
  const startedMs = Date.now();
  const closed = exchange.closed ?? Promise.withResolvers<void>();
  let credentialReason: string | null = null;
  let stopWatching: (() => void) | null = null;
  const end = relayMessages(caller, origin, bounds, (why: RelayEnding, { toCaller, toOrigin, messages }) => {
    stopWatching?.();
    closed.resolve();
    logStreamClosed("websocket", why, credentialReason, startedMs, exchange, {
      bytes_to_caller: toCaller,
      bytes_to_origin: toOrigin,
      messages,
    });
  });
  if (bounds.closesWithCredential) {
    stopWatching = watchCredential(passage, exchange, gate, (why, reason) => {
      credentialReason = reason;
      end(why);
    });
  }
  // Whoever hangs up ends the request: what is left to do at the origin, and to write down, is still done.
  exchange.call.defer(closed.promise);
  return callersEnd;
}
