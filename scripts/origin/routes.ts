import { sendJson } from "./answers.ts";
import type { OriginCall } from "./call.ts";
import { openDocuments } from "./documents.ts";
import { events } from "./live.ts";
import { openOrders } from "./orders.ts";
import { echo, slow, stream, whoami } from "./probes.ts";

/** Answers one call. */
export type OriginHandler = (call: OriginCall) => void | Promise<void>;

/** One path of the demo API and what it does by method. */
export interface OriginRoute {
  /** Segments between slashes; `:name` stands for any one segment. */
  readonly path: string;
  readonly methods: Readonly<Partial<Record<string, OriginHandler>>>;
}

/** The only path that answers without an identity. */
export const PUBLIC_PATH = "/public/health";

/** The demo API over stores of its own. */
export function demoRoutes(): readonly OriginRoute[] {
  const orders = openOrders();
  const documents = openDocuments();
  const routes: readonly OriginRoute[] = [
    { path: PUBLIC_PATH, methods: { GET: ({ response }) => sendJson(response, 200, { status: "ok" }) } },
    { path: "/orders", methods: { GET: orders.list, POST: orders.create } },
    { path: "/orders/:id/approve", methods: { POST: orders.approve } },
    { path: "/internal/orders/:id", methods: { GET: orders.describe } },
    { path: "/v1/orders", methods: { GET: orders.list } },
    { path: "/v2/orders", methods: { GET: orders.list, POST: orders.create } },
    { path: "/documents/:id", methods: { GET: documents.read, PUT: documents.write } },
    { path: "/limited/ping", methods: { GET: ({ response }) => sendJson(response, 200, { pong: true }) } },
    { path: "/whoami", methods: { GET: whoami } },
    { path: "/echo", methods: { POST: echo } },
    { path: "/slow", methods: { GET: slow } },
    { path: "/stream", methods: { GET: stream } },
    { path: "/events", methods: { GET: events } },
  ];
  return routes.map(withHead);
}

/** HEAD wherever there is GET (RFC 9110 section 9.3.2). Node itself sends the headers alone. */
function withHead(route: OriginRoute): OriginRoute {
  const { GET } = route.methods;
  return GET === undefined ? route : { ...route, methods: { GET, HEAD: GET, ...route.methods } };
}

/** The values of `pattern`'s names in `path`, or null where it does not match. Throws nothing on bad escapes: no match. */
export function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | null {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [at, segment] of wanted.entries()) {
    const value = given[at] ?? "";
    if (!segment.startsWith(":")) {
      if (segment !== value) return null;
      continue;
    }
    try {
      params[segment.slice(1)] = decodeURIComponent(value);
    } catch {
      return null;
    }
  }
  return params;
}
