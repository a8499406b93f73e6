import { env } from "cloudflare:workers";
import { Ratelimit } from "@upstash/ratelimit";
import type { Redis } from "@upstash/redis/cloudflare";
import { beforeAll, expect, inject, it, vi } from "vitest";
import { Ratelimit as DeployedRatelimit } from "../../node_modules/@upstash/ratelimit/dist/index.mjs";
import { MemoryLimiter } from "../../src/adapters/memory_limiter.ts";
import { DurableObjectLimiter, type LimiterObjects } from "../../src/adapters/objects/limiter.ts";
import { UpstashLimiter } from "../../src/adapters/upstash_limiter.ts";
import type {} from "../support/limiter_binding.ts";
import type {} from "../support/upstash_instance.ts";
import { limiterContract } from "./limiter_contract.ts";

/** Long enough for 200 calls at once on a busy machine. */
const PATIENT = { deadlineMs: 10_000 };

function never(): Promise<never> {
  return new Promise(() => {});
}

function refused(): Promise<never> {
  return Promise.reject(new Error("the object was reset"));
}

function objectsThat(answer: () => Promise<never>): LimiterObjects {
  return { getByName: () => ({ take: answer, takeEach: answer, charge: answer, giveBack: answer }) };
}

limiterContract({
  name: "memory",
  shared: false,
  make: () => new MemoryLimiter(),
  broken: { "full of live counters": () => new MemoryLimiter({ maxCounters: 0 }) },
});

// The first call of an object loads the whole Worker, which is nothing that a deadline is about.
beforeAll(async () => {
  const policy = { name: "first", algorithm: "fixed", limit: 1, windowSeconds: 1 } as const;
  const limiter = new DurableObjectLimiter(env.LIMITER, { deadlineMs: 60_000 });
  await limiter.take([{ subject: "first", policy, cost: 1 }], Date.now());
});

limiterContract({
  name: "Durable Object",
  shared: true,
  make: () => new DurableObjectLimiter(env.LIMITER, PATIENT),
  broken: {
    "the object throws": (deadlineMs) => new DurableObjectLimiter(objectsThat(refused), { deadlineMs }),
    "the object is silent": (deadlineMs) => new DurableObjectLimiter(objectsThat(never), { deadlineMs }),
  },
});

const upstash = inject("upstash");

it("the library is the build that is deployed, without its analytics", () => {
  expect(Ratelimit).toBe(DeployedRatelimit);
  const options = { redis: {} as Redis, limiter: Ratelimit.slidingWindow(1, "1 s"), analytics: true };
  expect(() => new Ratelimit(options)).toThrow("there are no analytics");
});

limiterContract({
  name: "Upstash",
  shared: true,
  make: () => new UpstashLimiter({ ...upstash, ...PATIENT }),
  broken: {
    "nothing listens": (deadlineMs) => new UpstashLimiter({ ...upstash, url: "http://127.0.0.1:1", deadlineMs }),
    "the token is wrong": (deadlineMs) => new UpstashLimiter({ ...upstash, token: "wrong", deadlineMs }),
    "the database is silent": (deadlineMs) => {
      vi.spyOn(globalThis, "fetch").mockImplementation(never);
      return new UpstashLimiter({ ...upstash, deadlineMs });
    },
    "the database talks nonsense": (deadlineMs) => {
      vi.spyOn(globalThis, "fetch").mockImplementation(async () => Response.json({ result: ["bm9uc2Vuc2U="] }));
      return new UpstashLimiter({ ...upstash, deadlineMs });
    },
  },
});
