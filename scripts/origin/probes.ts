import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { sendJson, sendProblem } from "./answers.ts";
import type { OriginCall } from "./call.ts";

const MAX_DELAY_MS = 60_000;
const STREAM_CHUNKS = 5;
const STREAM_PAUSE_MS = 200;

/**
 * Everything that arrived: the verified claims, and each header as it came through the gateway. Whoever came by a browser's session is shown
 * its claims alone: no token goes into a page.
 */
export function whoami({ request, response, identity }: OriginCall): void {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) headers[name] = (values ?? []).join(", ");
  if (identity?.client_id === "session") delete headers["sallyport-identity"];
  sendJson(response, 200, { identity, headers });
}

/** Sends the body back as it comes in. */
export async function echo({ request, response }: OriginCall): Promise<void> {
  response.writeHead(200, { "content-type": request.headers["content-type"] ?? "application/octet-stream" });
  await pipeline(request, response);
}

/** Answers after `?ms=` milliseconds, at most a minute. */
export async function slow({ response, query }: OriginCall): Promise<void> {
  const delayMs = Number(query.get("ms") ?? "0");
  if (!Number.isInteger(delayMs) || delayMs < 0 || delayMs > MAX_DELAY_MS) {
    return sendProblem(response, 400, "Bad Request", `\`ms\` has to be an integer from 0 to ${MAX_DELAY_MS}.`);
  }
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  await sleep(delayMs, undefined, { signal: gone.signal }).catch(() => {});
  if (!gone.signal.aborted) sendJson(response, 200, { waitedMs: delayMs });
}

/** Five lines, 200 ms apart. */
export async function stream({ response }: OriginCall): Promise<void> {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  for (let chunk = 1; chunk <= STREAM_CHUNKS && !response.destroyed; chunk++) {
    response.write(`chunk ${chunk}\n`);
    await sleep(STREAM_PAUSE_MS);
  }
  response.end();
}
