import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig } from "./gateway_config.ts";
import type { Installation } from "./install.ts";
import type { StubNetwork } from "./network.ts";

/** The web origin whose pages may open WebSockets in these tests. */
export const PAGE = "https://app.example";

type RouteInput = ConfigInput["routes"][number];

/** The test installation with a closed route `/ws`, a public one `/ws/public`, and what `more` says. */
export function socketConfig(
  webSocket: Partial<NonNullable<RouteInput["webSocket"]>> = {},
  more: { readonly origin?: Partial<ConfigInput["origins"][string]>; readonly routes?: readonly RouteInput[] } = {},
): ConfigInput {
  const config = gatewayConfig();
  const { main, ...origins } = config.origins;
  if (main === undefined) throw new Error("the test installation has an origin `main`");
  const route = { methods: ["GET" as const], origin: "main", webSocket: { origins: [PAGE], ...webSocket } };
  const credentials = ["bearer" as const, "secret_key" as const, "publishable_key" as const];
  const { closeWithCredential: _, ...open } = route.webSocket;
  return {
    ...config,
    origins: { ...origins, main: { ...main, ...more.origin } },
    routes: [
      ...config.routes,
      { ...route, path: "/ws", scopes: ["orders:read"], credentials },
      { ...route, path: "/ws/public", public: true, webSocket: open },
      ...(more.routes ?? []),
    ],
  };
}

/** One end of a WebSocket, and what it saw. */
export interface Heard {
  readonly socket: WebSocket;
  readonly messages: (string | ArrayBuffer)[];
  /** How it ended: the code and the reason that it was told. */
  readonly closed: Promise<readonly [code: number, reason: string]>;
}

/** Accepts `socket`, and hears what comes. */
export function hear(socket: WebSocket): Heard {
  const messages: (string | ArrayBuffer)[] = [];
  const closed = Promise.withResolvers<readonly [number, string]>();
  socket.addEventListener("message", ({ data }) => void messages.push(data));
  socket.addEventListener("close", ({ code, reason }) => closed.resolve([code, reason]));
  socket.binaryType = "arraybuffer";
  socket.accept();
  return { socket, messages, closed: closed.promise };
}

/** Puts an origin that opens every WebSocket it is asked for, saying `headers`. Its ends come in order. */
export function socketOrigin(network: StubNetwork, headers: Record<string, string> = {}): Heard[] {
  const ends: Heard[] = [];
  network.origin(() => {
    const { 0: theirs, 1: ours } = new WebSocketPair();
    ends.push(hear(ours));
    return new Response(null, { status: 101, webSocket: theirs, headers });
  });
  return ends;
}

/** Asks `gate` for a WebSocket as a browser or a program does. */
export function askSocket(gate: Installation, path: string, headers: Record<string, string> = {}): Promise<Response> {
  return gate.fetch(path, { headers: { upgrade: "websocket", "sec-websocket-version": "13", ...headers } });
}

/** Opens a WebSocket through `gate`. */
export async function openSocket(
  gate: Installation,
  path: string,
  headers: Record<string, string> = {},
): Promise<Heard> {
  const response = await askSocket(gate, path, headers);
  if (response.webSocket === null) throw new Error(`${response.status} ${await response.text()}`);
  return hear(response.webSocket);
}

const realTimeout = setTimeout;

/** Waits for what the runtime does by itself, whatever clock a test has. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => realTimeout(resolve, 2));
}
