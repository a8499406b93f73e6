import { Redis, type Requester, type UpstashResponse } from "@upstash/redis/cloudflare";
import { boundedText } from "./bounded_text.ts";

/** Where the database's REST endpoint is, and its token. */
export interface UpstashAddress {
  readonly url: string;
  readonly token: string;
}

/** What a take of as many limits as a route may have answers is a hundredth of it. */
const MAX_BYTES = 64 * 1024;

/**
 * The library's client over calls of our own. Its own calls read answers whole, however large, follow redirects with the token, and quote
 * commands, which hold who is calling, in their errors. Each call is made once and ends after `lateMs`: a repeated one charges twice.
 */
export class BoundedUpstash extends Redis {
  constructor({ url, token }: UpstashAddress, lateMs: number) {
    // A pipeline would be shared by requests, and an answer belongs to the request that asked.
    super({ url, token, enableTelemetry: false, enableAutoPipelining: false });
    const base = url.replace(/\/$/, "");
    this.client = {
      async request({ path = [], body }) {
        const response = await fetch([base, ...path].join("/"), {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify(body),
          redirect: "manual",
          signal: AbortSignal.timeout(lateMs),
        });
        const answer: unknown = JSON.parse(await boundedText(response.body, MAX_BYTES, "upstash"));
        if (!isAnswer(answer)) throw new TypeError("not an answer of the database");
        // The library knows a script that is not there yet by the words of the error.
        if (!response.ok && typeof answer.error !== "string") throw new TypeError(`status ${response.status}`);
        return answer;
      },
    } satisfies Requester;
  }
}

function isAnswer(answer: unknown): answer is UpstashResponse<never> {
  return typeof answer === "object" && answer !== null && ("result" in answer || "error" in answer);
}
