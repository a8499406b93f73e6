import type { GateRoute } from "../access/gate.ts";
import type { RouteStream, RouteWebSocket } from "../access/route_stream.ts";
import type { CompiledConfig } from "../config/compile.ts";
import { effectiveCors } from "../config/faults/cors.ts";
import type { CompiledRoute } from "../config/faults/route.ts";
import { WEB_SOCKET_BOUNDS } from "../config/schemas/stream.ts";

/*
 * The wiring of connections that stay open.
 */

/** What `route` asks of them; null for each that it does not name. */
export function routeStreams(
  route: CompiledRoute,
  gateway: CompiledConfig["gateway"],
): Pick<GateRoute, "webSocket" | "stream"> {
  return { webSocket: routeWebSocket(route, gateway), stream: routeStream(route) };
}

function routeWebSocket(route: CompiledRoute, gateway: CompiledConfig["gateway"]): RouteWebSocket | null {
  const { webSocket } = route;
  if (webSocket === undefined) return null;
  const origins = new Set(webSocket.origins ?? effectiveCors(route, gateway)?.origins);
  if (webSocket.relay === "platform") return { origins, relay: null };
  const bounds = WEB_SOCKET_BOUNDS;
  return {
    origins,
    relay: {
      closesWithCredential: webSocket.closeWithCredential ?? !route.public,
      maxMs: (webSocket.maxSeconds ?? bounds.maxSeconds) * 1000,
      idleMs: (webSocket.idleSeconds ?? bounds.idleSeconds) * 1000,
      maxMessageBytes: webSocket.maxMessageBytes ?? bounds.maxMessageBytes,
      maxBytes: webSocket.maxBytes ?? bounds.maxBytes,
    },
  };
}

function routeStream({ stream }: CompiledRoute): RouteStream | null {
  if (stream === undefined) return null;
  const { closeWithCredential, maxSeconds, idleSeconds } = stream;
  return {
    closesWithCredential: closeWithCredential,
    maxMs: maxSeconds === undefined ? null : maxSeconds * 1000,
    idleMs: idleSeconds * 1000,
  };
}
