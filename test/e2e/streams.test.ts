import { type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { calledServer } from "./called_server.ts";
import { PAGE } from "./configs/streams.ts";
import { administer, tokenOf } from "./two_isolates_calls.ts";
import { type Client, HOST, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";
import { until } from "./until.ts";

/** What only real connections show: frames, peers that vanish, readers that do not read, and clocks that run. */
const READ = "orders:read";

let server: Server;
let sockets: WebSocketServer;
let world: TwoIsolates;
let client: Client;
let operator: Client;
const asked: IncomingMessage[] = [];
let hungUp = 0;

beforeAll(async () => {
  server = calledServer(answer);
  sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered].at(-1) ?? false });
  server.on("upgrade", (incoming, socket, head) => {
    asked.push(incoming);
    if (incoming.url?.endsWith("/refuse")) return socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    return sockets.handleUpgrade(incoming, socket, head, (ws) => serve(ws));
  });
  world = await startTwoIsolates(server, fileURLToPath(new URL("configs/streams.ts", import.meta.url)));
  client = await world.newClient([READ]);
  operator = await world.newClient(["admin"]);
});

afterAll(async () => {
  for (const socket of sockets.clients) socket.terminate();
  await world.dispose();
});

function serve(ws: WebSocket): void {
  ws.on("error", () => ws.terminate());
  ws.on("message", (data, isBinary) => {
    const text = isBinary ? "" : String(data);
    if (text === "die") return ws.terminate();
    if (text === "flood") for (let count = 0; count < 200; count++) ws.send(Buffer.alloc(100_000));
    return ws.send(data, { binary: isBinary });
  });
}

function answer(incoming: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: first\n\n");
  const ticking = setInterval(() => response.write("data: tick\n\n"), 100);
  response.once("close", () => {
    clearInterval(ticking);
    hungUp += 1;
  });
  asked.push(incoming);
}

interface Opened {
  readonly socket: WebSocket;
  readonly closed: Promise<readonly [code: number, reason: string]>;
  next(): Promise<string>;
}

/** Opens a WebSocket as a page or a program does; rejects with the status where none opens. */
function open(path: string, protocols: string[], headers: Record<string, string> = {}): Promise<Opened> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${world.a.port}${path}`, protocols, {
      headers: { host: HOST, ...headers },
    });
    const heard: string[] = [];
    const waiting: ((text: string) => void)[] = [];
    socket.on("message", (data) => {
      const take = waiting.shift();
      if (take === undefined) heard.push(String(data));
      else take(String(data));
    });
    const closed = new Promise<readonly [number, string]>((done) =>
      socket.on("close", (code, reason) => done([code, String(reason)])),
    );
    socket.on("error", reject);
    socket.on("unexpected-response", (_, { statusCode }) => reject(new Error(String(statusCode))));
    const next = () =>
      new Promise<string>((take) => {
        const text = heard.shift();
        if (text === undefined) waiting.push(take);
        else take(text);
      });
    socket.on("open", () => resolve({ socket, closed, next }));
  });
}

const freshToken = () => tokenOf(world.a, client, READ);
const withToken = async () => ({ authorization: `Bearer ${await freshToken()}` });

describe("a WebSocket over real connections", () => {
  it("a page's credential comes among the subprotocols; the origin sees the others, the page the one it chose", async () => {
    const token = await freshToken();
    const { socket, next, closed } = await open("/ws/echo", ["chat", `sallyport.bearer.${token}`], { origin: PAGE });
    expect(socket.protocol).toBe("chat");
    const headers = asked.at(-1)?.rawHeaders.join("\n") ?? "";
    expect(headers).not.toContain(token);
    expect(headers.toLowerCase()).toContain("sallyport-identity");
    socket.send("hello");
    expect(await next()).toBe("hello");
    socket.send(Buffer.from([1, 2, 3]));
    expect(await next()).toBe("\u0001\u0002\u0003");
    socket.close(4000, "done");
    expect(await closed).toEqual([4000, "done"]);
  });

  it("none is opened without a credential, for a page of another origin, by two Origins, or where the origin refuses", async () => {
    const before = asked.length;
    await expect(open("/ws/echo", [])).rejects.toThrow("401");
    const headers = await withToken();
    await expect(open("/ws/echo", [], { ...headers, origin: "https://evil.test" })).rejects.toThrow("403");
    await expect(open("/ws/echo", [], { ...headers, origin: `${PAGE}, ${PAGE}` })).rejects.toThrow("403");
    await expect(open("/orders", [], headers)).rejects.toThrow("400");
    expect(asked.length).toBe(before);
    await expect(open("/ws/refuse", [], headers)).rejects.toThrow("403");
  });

  it("a message that is too big ends it, and so does a flood that nobody may be reading", async () => {
    const big = await open("/ws/echo", [], await withToken());
    big.socket.send(Buffer.alloc(1_000_001));
    expect((await big.closed)[0]).toBe(1009);
    const flooded = await open("/ws/echo", [], await withToken());
    flooded.socket.pause();
    const before = sockets.clients.size;
    flooded.socket.send("flood");
    await until(() => sockets.clients.size === before - 1);
    flooded.socket.resume();
    expect((await flooded.closed)[0]).toBe(1008);
  });

  it("an origin that dies ends the caller's side, a caller that vanishes the origin's", async () => {
    const dying = await open("/ws/echo", [], await withToken());
    dying.socket.send("die");
    expect(await dying.closed).toEqual([1011, "origin lost"]);
    const leaving = await open("/ws/echo", [], await withToken());
    const lost = new Promise((resolve) => [...sockets.clients].at(-1)?.on("close", (code) => resolve(code)));
    leaving.socket.terminate();
    expect(await lost).toBe(1001);
  });

  it("each end gives its place at a guarded origin back", async () => {
    for (let turn = 0; turn < 3; turn++) {
      const headers = await withToken();
      const both = [await open("/guarded/echo", [], headers), await open("/guarded/echo", [], headers)];
      await expect(open("/guarded/echo", [], headers)).rejects.toThrow("503");
      const before = sockets.clients.size;
      both[0]?.socket.terminate();
      both[1]?.socket.close(1000);
      await until(() => sockets.clients.size === before - 2);
    }
  });

  it("its token expires while it is open: it ends, and one that the platform passes on does not", async () => {
    const headers = await withToken();
    const [ours, theirs] = [await open("/ws/echo", [], headers), await open("/platform/echo", [], headers)];
    expect(await ours.closed).toEqual([3000, "credential ended"]);
    theirs.socket.send("still here");
    expect(await theirs.next()).toBe("still here");
    theirs.socket.close();
  });

  it("its key, which has no end of its own, is deleted at another isolate while it is open: it ends", async () => {
    const body = { name: "a key", environment: "live", scopes: [READ] };
    const { id, key } = await administer(world.b, operator, "POST", "/keys", body);
    const { closed } = await open("/ws/echo", [], { "x-api-key": String(key) });
    await administer(world.b, operator, "DELETE", `/keys/${id}`);
    expect(await closed).toEqual([3000, "credential ended"]);
  });
});

describe("server-sent events over real connections", () => {
  /** Reads events until the answer ends. */
  function listen(headers: Record<string, string>, onFirst?: (incoming: IncomingMessage) => void): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = { host: HOST, ...headers };
      const outgoing = request(
        { host: "127.0.0.1", port: world.a.port, path: "/events/all", headers: sent, agent: false },
        (incoming) => {
          let text = "";
          incoming.on("data", (chunk: Buffer) => {
            if (text === "") onFirst?.(incoming);
            text += String(chunk);
          });
          incoming.on("end", () => resolve(text));
          incoming.on("error", reject);
          incoming.on("close", () => resolve(text));
        },
      );
      outgoing.on("error", reject);
      outgoing.end();
    });
  }

  it("come as they are sent, and end with the gate's own event when the token expires", async () => {
    const text = await listen(await withToken());
    expect(text).toMatch(
      /^data: first\n\n(?:data: tick\n\n)+event: sallyport-end\ndata: \{"reason":"credential_ended"\}\n\n$/,
    );
    await until(() => hungUp === 1);
  });

  it("a caller that hangs up ends them at the origin", async () => {
    const before = hungUp;
    await listen(await withToken(), (incoming) => incoming.destroy()).catch(() => undefined);
    await until(() => hungUp === before + 1);
  });
});
