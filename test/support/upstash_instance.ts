import type {} from "vitest";

/** The Redis with an Upstash REST front that `test/setup/redis.ts` started: `inject("upstash")` in a test. */
export interface UpstashInstance {
  readonly url: string;
  readonly token: string;
}

declare module "vitest" {
  interface ProvidedContext {
    upstash: UpstashInstance;
  }
}
