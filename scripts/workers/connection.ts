import { Agent, type IncomingHttpHeaders, request } from "node:http";

/** A request to an installation. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** An idle connection is closed by us before workerd does it: a request that is on its way then would be lost. */
const IDLE_MS = 2_000;

/** One keep-alive connection to a socket of this machine, under the name that the installation goes by. */
export class Connection {
  readonly #socket: URL;
  readonly #host: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: IDLE_MS });

  constructor(socket: URL, host: string) {
    this.#socket = socket;
    this.#host = host;
  }

  /** Sends one request. Rejects where the connection breaks before the answer was read whole. */
  send({ method, path, headers = {}, body }: Call): Promise<Answer> {
    const { hostname, port } = this.#socket;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const sent = { host: this.#host, ...length, ...headers };
    return new Promise((resolve, reject) => {
      const outgoing = request({ hostname, port, method, path, headers: sent, agent: this.#agent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(chunks).toString(),
          });
        });
      });
      outgoing.on("error", reject);
      // workerd closes the connection of a request that took it 5 s, once that is answered: nothing else is to be sent on it.
      outgoing.on("timeout", () => {
        outgoing.shouldKeepAlive = false;
      });
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
