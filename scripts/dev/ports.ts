import { connect, createServer, type Server } from "node:net";
import type { DevSettings } from "./settings.ts";

/** A port held for us until `release`: nobody else, and no second start, can take it meanwhile. */
export interface HeldPort {
  readonly port: number;
  release(): Promise<void>;
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/**
 * Whether something listens on `port` of loopback. Both families count: a stranger on `[::1]` would get the calls that
 * callers send to `localhost`.
 */
export async function isListening(port: number): Promise<boolean> {
  return (await accepts("127.0.0.1", port)) || (await accepts("::1", port));
}

function hold(port: number): Promise<HeldPort | null> {
  return new Promise((resolve) => {
    const server: Server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1" }, () => {
      resolve({ port, release: () => new Promise((done) => server.close(() => done())) });
    });
  });
}

/** The ports of one start, all held. */
export interface HeldPorts {
  readonly worker: HeldPort;
  readonly origin: HeldPort;
  readonly inspector: HeldPort;
}

interface Wanted {
  readonly port: number;
  readonly use: string;
  readonly variable: string;
}

function takenText(wanted: Wanted): string {
  return (
    `Port ${wanted.port} (${wanted.use}) is taken. End what listens there (\`lsof -i :${wanted.port}\` names it), ` +
    `or choose another port: ${wanted.variable}=<port> npm start`
  );
}

async function take(wanted: Wanted): Promise<HeldPort | string> {
  if (await isListening(wanted.port)) return takenText(wanted);
  return (await hold(wanted.port)) ?? takenText(wanted);
}

/** Holds the three ports of `settings`, or holds none and says of each one that is taken what to do. */
export async function holdPorts(settings: DevSettings): Promise<HeldPorts | readonly string[]> {
  const worker = await take({
    port: settings.workerPort,
    use: "the Worker",
    variable: "SALLYPORT_PORT",
  });
  const origin = await take({
    port: settings.originPort,
    use: "the demo origin",
    variable: "SALLYPORT_ORIGIN_PORT",
  });
  const inspector = await take({
    port: settings.inspectorPort,
    use: "wrangler's inspector",
    variable: "SALLYPORT_INSPECTOR_PORT",
  });
  if (typeof worker !== "string" && typeof origin !== "string" && typeof inspector !== "string") {
    return { worker, origin, inspector };
  }
  const problems: string[] = [];
  for (const one of [worker, origin, inspector]) {
    if (typeof one === "string") problems.push(one);
    else await one.release();
  }
  return problems;
}
