import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig, ORIGIN_URL } from "./gateway_config.ts";
import { type Installation, type InstallationWishes, install } from "./install.ts";

type OriginInput = ConfigInput["origins"][string];

/** An isolate whose origin `main`, which public routes lead to for any method, has what `guard` says. */
export function installGuarded(
  guard: Partial<OriginInput>,
  wishes: Omit<InstallationWishes, "config"> = {},
): Installation {
  return install({ ...wishes, config: guardedConfig({ main: guard }) });
}

/** The test installation with `guards` on origins by name, and a public route `/<name>/*` to each. */
export function guardedConfig(guards: Readonly<Record<string, Partial<OriginInput>>>): ConfigInput {
  const config = gatewayConfig();
  const origins = Object.entries(guards).map(([name, guard]) => {
    return [name, { url: ORIGIN_URL, audience: `urn:test:${name}`, timeoutMs: 60_000, ...guard }] as const;
  });
  const methods = ["GET" as const, "POST" as const, "PUT" as const, "DELETE" as const, "OPTIONS" as const];
  const routes = origins.map(([name]) => ({ path: `/${name}/*`, methods, origin: name, public: true }));
  return {
    ...config,
    origins: { ...config.origins, ...Object.fromEntries(origins) },
    routes: [...config.routes, ...routes],
  };
}

/** A stream that a test feeds by hand. */
export function handFed() {
  const encoder = new TextEncoder();
  let feed: ReadableStreamDefaultController<Uint8Array> | undefined;
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      feed = controller;
    },
    cancel() {
      state.cancelled = true;
    },
  });
  return {
    state,
    stream,
    send: (text: string) => feed?.enqueue(encoder.encode(text)),
    end: () => feed?.close(),
    fail: () => feed?.error(new Error("broken off")),
  };
}
