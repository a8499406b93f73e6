import { afterEach, beforeEach, vi } from "vitest";
import { ORIGIN_URL } from "./gateway_config.ts";

/** What a stub server got. */
export interface ReceivedCall {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
}

type Server = (request: Request) => Response | Promise<Response>;

/** The network of one test file: everything outside is off but for the servers that a test puts there. */
export interface StubNetwork {
  /** All outbound calls of this test, answered or not. */
  readonly calls: ReceivedCall[];
  /** Those of them that went to the origin. */
  readonly originCalls: ReceivedCall[];
  /** Puts a server at `url` (scheme and authority), for this test. */
  serve(url: string, server: Server): void;
  /** Replaces the origin, for this test. By default it answers 200 `{"from":"origin"}`. */
  origin(server: Server): void;
}

const DEFAULT_ORIGIN: Server = () => Response.json({ from: "origin" });

/** Replaces the global `fetch` during each test of a file. A call to a place where no server stands fails. */
export function stubNetwork(): StubNetwork {
  const calls: ReceivedCall[] = [];
  const servers = new Map<string, Server>();
  beforeEach(() => {
    calls.length = 0;
    servers.clear();
    servers.set(ORIGIN_URL, DEFAULT_ORIGIN);
    vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
      const request = new Request(input, init);
      calls.push({ url: request.url, method: request.method, headers: new Headers(request.headers) });
      const server = servers.get(new URL(request.url).origin);
      if (server === undefined) return Promise.reject(new TypeError("the network is off"));
      return orAborted(async () => server(request), init?.signal ?? null);
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return {
    calls,
    get originCalls() {
      return calls.filter(({ url }) => url.startsWith(`${ORIGIN_URL}/`));
    },
    serve: (url, server) => servers.set(new URL(url).origin, server),
    origin: (server) => servers.set(ORIGIN_URL, server),
  };
}

/** As the platform does it: an aborted call is over for whoever waits. */
function orAborted(work: () => Promise<Response>, signal: AbortSignal | null): Promise<Response> {
  if (signal === null) return work();
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
  return Promise.race([work(), aborted]);
}
