import type { ConfigVariables } from "../../../sallyport.config.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { oneRoute } from "./one_route.ts";

const thing = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 40 },
    pay: { type: "string", writeOnly: true },
    rank: { type: "string", "x-sallyport-writable-by": ["role:lead"] },
  },
};
const content = { "application/json": { schema: thing } };
const operation = { responses: { "200": { description: "", content } } };

/** One public route that is held to a document, straight to the origin and through a guard. */
export default function config(vars: ConfigVariables): ConfigInput {
  const { origins, routes, ...rest } = oneRoute(vars, {});
  const demo = { url: vars.DEMO_ORIGIN_URL, audience: "urn:sallyport:demo-origin", timeoutMs: 10_000 };
  const ways = { plain: demo, guarded: { ...demo, maxConcurrent: 2, breaker: {}, retries: {} } };
  const path = { get: operation, post: { ...operation, requestBody: { required: true, content } } };
  return {
    ...rest,
    openapi: { things: { openapi: "3.1.0", info: { title: "Things", version: "1" }, paths: { "/thing": path } } },
    origins: { ...origins, ...ways },
    routes: [
      ...routes,
      ...Object.keys(ways).map((origin) => ({
        path: `/${origin}/thing`,
        methods: ["GET" as const, "POST" as const],
        origin,
        public: true,
        openapi: { document: "things", path: "/thing", unwritable: "drop" as const },
      })),
    ],
  };
}
