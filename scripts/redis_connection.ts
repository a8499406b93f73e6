import { connect, type Socket } from "node:net";

/** A reply of RESP2. An error reply is a value: in a pipeline it does not end the others. */
export type RedisReply = string | number | null | Buffer | RedisError | RedisReply[];

/** An error reply, such as `NOSCRIPT No matching script`. */
export class RedisError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

type Parsed = { readonly reply: RedisReply; readonly end: number } | null;

/** The reply that starts at `start`, or null while it is incomplete. */
export function parseReply(bytes: Buffer, start: number): Parsed {
  const lineEnd = bytes.indexOf("\r\n", start);
  if (lineEnd < 0) return null;
  const line = bytes.toString("utf8", start + 1, lineEnd);
  const next = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case "+":
      return { reply: line, end: next };
    case "-":
      return { reply: new RedisError(line), end: next };
    case ":":
      return { reply: Number(line), end: next };
    case "$":
      return parseBulk(bytes, next, Number(line));
    case "*":
      return parseArray(bytes, next, Number(line));
    default:
      throw new Error("not RESP2");
  }
}

function parseBulk(bytes: Buffer, start: number, length: number): Parsed {
  if (length < 0) return { reply: null, end: start };
  const end = start + length;
  return bytes.length < end + 2 ? null : { reply: Buffer.from(bytes.subarray(start, end)), end: end + 2 };
}

function parseArray(bytes: Buffer, start: number, count: number): Parsed {
  if (count < 0) return { reply: null, end: start };
  const replies: RedisReply[] = [];
  let end = start;
  for (let index = 0; index < count; index++) {
    const item = parseReply(bytes, end);
    if (item === null) return null;
    replies.push(item.reply);
    end = item.end;
  }
  return { reply: replies, end };
}

function encodeCommand(parts: readonly string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join("")}`;
}

interface Waiter {
  resolve(reply: RedisReply): void;
  reject(reason: Error): void;
}

/** One connection to a Redis on loopback: commands go out in order and are answered in order. */
export class RedisConnection {
  readonly #socket: Socket;
  readonly #waiting: Waiter[] = [];
  #received: Buffer = Buffer.alloc(0);
  #broken: Error | null = null;

  constructor(port: number) {
    this.#socket = connect({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", (bytes) => this.#receive(bytes));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => this.#fail(new Error("the connection to Redis is closed")));
  }

  /** True once nothing more can be sent. */
  get broken(): boolean {
    return this.#broken !== null;
  }

  /** Sends one command. Rejects when the connection is lost; an error reply resolves as a `RedisError`. */
  send(parts: readonly string[]): Promise<RedisReply> {
    if (this.#broken !== null) return Promise.reject(this.#broken);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(encodeCommand(parts));
    });
  }

  /** Ends the connection; commands without an answer reject. */
  close(): void {
    this.#socket.destroy();
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    try {
      for (let next = parseReply(this.#received, 0); next !== null; next = parseReply(this.#received, 0)) {
        this.#received = this.#received.subarray(next.end);
        this.#waiting.shift()?.resolve(next.reply);
      }
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error("not RESP2"));
    }
  }

  #fail(reason: Error): void {
    this.#broken ??= reason;
    for (const waiter of this.#waiting.splice(0)) waiter.reject(reason);
  }
}
