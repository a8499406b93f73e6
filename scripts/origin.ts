/**
 * The demo origin: a small API of orders and documents behind the gateway, written as a user's origin would be.
 * Owns the check of `Sallyport-Identity`. Refuses everything without one but the health check, and trusts no other header.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readSettings } from "./dev/settings.ts";
import { sendProblem } from "./origin/answers.ts";
import type { OriginCall } from "./origin/call.ts";
import { type IdentityVerifier, identityVerifier } from "./origin/identity.ts";
import { openEchoes } from "./origin/live.ts";
import { demoRoutes, matchPath, type OriginRoute, PUBLIC_PATH } from "./origin/routes.ts";

/** The audience that the gateway signs the demo origin's identity tokens for. */
export const DEMO_AUDIENCE = "urn:sallyport:demo-origin";

/** What an origin needs to know of its gateway. */
export interface OriginOptions {
  /** Port on 127.0.0.1; 0 takes any free one. */
  readonly port: number;
  /** Issuer of identity tokens and base of their key set, without a slash at the end. */
  readonly gatewayUrl: string;
  /** The audience this origin answers to. */
  readonly identityAudience: string;
}

/** An origin that listens. */
export interface RunningOrigin {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

function dispatch(
  routes: readonly OriginRoute[],
  call: Omit<OriginCall, "params">,
  path: string,
): void | Promise<void> {
  for (const route of routes) {
    const params = matchPath(route.path, path);
    if (params === null) continue;
    const handler = route.methods[call.request.method ?? ""];
    if (handler !== undefined) return handler({ ...call, params });
    const allow = Object.keys(route.methods).join(", ");
    return sendProblem(call.response, 405, "Method Not Allowed", `Use one of: ${allow}.`, { allow });
  }
  return sendProblem(call.response, 404, "Not Found", "The demo origin has no such path.");
}

function handler(verify: IdentityVerifier): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const routes = demoRoutes();
  return async (request, response) => {
    const url = URL.parse(request.url ?? "/", "http://origin.invalid");
    if (url === null) return sendProblem(response, 400, "Bad Request", "The request target cannot be read.");
    const { pathname, searchParams: query } = url;
    if (pathname === PUBLIC_PATH) return dispatch(routes, { request, response, identity: {}, query }, pathname);
    const check = await verify(request);
    switch (check.kind) {
      case "verified":
        return dispatch(routes, { request, response, identity: check.claims, query }, pathname);
      case "refused":
        return sendProblem(response, 401, "Unauthorized", `${check.reason} Call the gateway, not the origin.`);
      case "unavailable":
        return sendProblem(response, 503, "Service Unavailable", "The gateway's key set cannot be fetched now.", {
          "retry-after": "1",
        });
    }
  };
}

/** Starts the demo API on 127.0.0.1. Rejects when the port is taken. */
export function startOrigin(options: OriginOptions): Promise<RunningOrigin> {
  const verify = identityVerifier(options.gatewayUrl, options.identityAudience);
  const handle = handler(verify);
  const echoes = openEchoes(verify);
  // An idle connection is the gateway's to close: one that ends while a request is on its way would be told as 502.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A caller who goes away in the middle of a body is no fault of ours.
      if (!response.headersSent && !response.destroyed) {
        console.error("origin:", error);
        sendProblem(response, 500, "Internal Server Error", "The demo origin failed.");
      } else response.destroy();
    });
  });
  server.on("upgrade", (request, socket, head) => {
    echoes.upgrade(request, socket, head).catch(() => socket.destroy());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      const close = () =>
        new Promise<void>((done) => {
          echoes.close();
          server.close(() => done());
          server.closeAllConnections();
        });
      resolve({ url: `http://127.0.0.1:${port}`, port, close });
    });
  });
}

if (import.meta.main) {
  const { originPort, publicUrl } = readSettings();
  await startOrigin({ port: originPort, gatewayUrl: publicUrl, identityAudience: DEMO_AUDIENCE });
}
