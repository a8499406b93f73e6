import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { oneRoute } from "./one_route.ts";

/** One origin four times: with everything that may stand before it, with nothing, and both in a hurry. */
export default function config(vars: ConfigVariables): ConfigInput {
  const { origins, routes, ...rest } = oneRoute(vars, {});
  const demo = { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin", timeoutMs: 120_000 };
  const guarded = { ...demo, maxConcurrent: 10, readerIdleSeconds: 10, breaker: { minCalls: 10_000 }, retries: {} };
  const ways = {
    guarded,
    plain: demo,
    "guarded-late": { ...guarded, maxConcurrent: 1, timeoutMs: 300 },
    "plain-late": { ...demo, timeoutMs: 300 },
  };
  return {
    ...rest,
    origins: { ...origins, ...ways },
    routes: [
      ...routes,
      ...Object.keys(ways).map((origin) => {
        return { path: `/${origin}/*`, methods: ["GET" as const, "POST" as const], origin, public: true };
      }),
    ],
  };
}
