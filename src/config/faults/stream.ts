import type { ConfigFault } from "../fault.ts";
import type { Config, RouteConfig } from "../schema.ts";
import { WEB_SOCKET_BOUNDS } from "../schemas/stream.ts";

/** What is wrong with a route's connections that stay open, `path` being where the route stands. */
export function streamFaults(config: Config, route: RouteConfig, path: string): ConfigFault[] {
  return [...webSocketFaults(config, route, `${path}.webSocket`), ...bodyFaults(route, `${path}.stream`)];
}

function webSocketFaults({ origins }: Config, route: RouteConfig, path: string): ConfigFault[] {
  const { webSocket } = route;
  if (webSocket === undefined) return [];
  const faults: ConfigFault[] = [];
  const add = (at: string, reason: string) => faults.push({ path: `${path}${at}`, reason });
  if (route.methods.some((method) => method !== "GET"))
    add("", "is opened by GET: no other method belongs to its route");
  if (route.openapi !== undefined || route.pageSize !== undefined) {
    add("", "has messages in the place of bodies, which `openapi` and `pageSize` do not look into");
  }
  if (route.stream !== undefined) add("", "has no body that `stream` could bound");
  for (const [at, origin] of (webSocket.origins ?? []).entries()) {
    if (webSocket.origins?.indexOf(origin) !== at) add(`.origins[${at}]`, `\`${origin}\` is repeated`);
  }
  if (webSocket.closeWithCredential === true && route.public) {
    add(".closeWithCredential", "a public route proves nobody, so there is no credential that could end");
  }
  if (webSocket.relay === "platform") faults.push(...platformFaults(webSocket, path));
  if (webSocket.relay === "platform" && origins[route.origin]?.maxConcurrent !== undefined) {
    add(".relay", `nobody would know when a place of \`${route.origin}\` (\`maxConcurrent\`) is free again`);
  }
  const idle = webSocket.idleSeconds;
  if (idle !== undefined && idle >= (webSocket.maxSeconds ?? WEB_SOCKET_BOUNDS.maxSeconds)) {
    add(".idleSeconds", "is never reached: `maxSeconds` ends the connection by then");
  }
  return faults;
}

/** What only the gate can do is dead where the platform passes messages on. */
function platformFaults(webSocket: NonNullable<RouteConfig["webSocket"]>, path: string): ConfigFault[] {
  const names = ["closeWithCredential", "maxSeconds", "idleSeconds", "maxMessageBytes", "maxBytes"] as const;
  return names
    .filter((name) => webSocket[name] !== undefined && webSocket[name] !== false)
    .map((name) => ({
      path: `${path}.${name}`,
      reason: "is the gate's to do, and here the platform passes messages on",
    }));
}

function bodyFaults({ stream, public: isPublic }: RouteConfig, path: string): ConfigFault[] {
  if (stream === undefined) return [];
  if (stream.closeWithCredential && isPublic) {
    return [{ path: `${path}.closeWithCredential`, reason: "a public route proves nobody: set it to false" }];
  }
  const isDead = !stream.closeWithCredential && stream.maxSeconds === undefined;
  return isDead ? [{ path, reason: "bounds nothing: set `closeWithCredential` or `maxSeconds`" }] : [];
}
