import type { IncomingMessage, ServerResponse } from "node:http";
import type { JWTPayload } from "jose";
import { sendProblem } from "./answers.ts";

const MAX_BODY_BYTES = 64 * 1024;

/** One verified request on its way to a handler. */
export interface OriginCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Claims of `Sallyport-Identity`; empty on the public path. */
  readonly identity: JWTPayload;
  /** Values of the route's `:names`, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** The body as a JSON object, or null after this has answered 413 or 400. */
export async function readJsonObject({ request, response }: OriginCall): Promise<Record<string, unknown> | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) {
      sendProblem(response, 413, "Content Too Large", `Send at most ${MAX_BODY_BYTES} bytes.`, {
        connection: "close",
      });
      return null;
    }
    chunks.push(chunk);
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Told below, together with JSON of another kind.
  }
  sendProblem(response, 400, "Bad Request", "Send a JSON object.");
  return null;
}
