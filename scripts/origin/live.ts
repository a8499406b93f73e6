import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocketServer } from "ws";
import type { OriginCall } from "./call.ts";
import type { IdentityVerifier } from "./identity.ts";

const EVENT_PAUSE_MS = 1_000;
const ECHO_PATH = "/ws/echo";

/** Server-sent events, one a second, for as long as somebody listens. */
export async function events({ request, response, identity }: OriginCall): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  if (request.method === "HEAD") return void response.end();
  for (let count = 1; !response.destroyed; count++) {
    response.write(`id: ${count}\ndata: ${JSON.stringify({ count, for: identity.sub })}\n\n`);
    await sleep(EVENT_PAUSE_MS);
  }
}

/** Answers upgrades: a WebSocket at `/ws/echo`, for those with an identity, that says back what it hears. */
export interface Echoes {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  close(): void;
}

/** WebSockets of the demo origin; `verify` tells who asks. A subprotocol of the caller's is chosen by its first name. */
export function openEchoes(verify: IdentityVerifier): Echoes {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1024 * 1024 });
  server.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on("error", () => socket.terminate());
  });
  return {
    async upgrade(request, socket, head) {
      socket.on("error", () => socket.destroy());
      const isHere = URL.parse(request.url ?? "/", "http://origin.invalid")?.pathname === ECHO_PATH;
      const check = isHere ? await verify(request) : null;
      if (check?.kind === "verified")
        return server.handleUpgrade(request, socket, head, (ws) => server.emit("connection", ws));
      const status =
        check === null ? "404 Not Found" : check.kind === "refused" ? "401 Unauthorized" : "503 Service Unavailable";
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    },
    close() {
      for (const socket of server.clients) socket.terminate();
      server.close();
    },
  };
}
