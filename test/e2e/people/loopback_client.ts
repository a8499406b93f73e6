import { createHash, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What came back to a client: the parameters, and how. */
export interface Returned {
  readonly method: string;
  readonly parameters: URLSearchParams;
}

/** An authorization request, and what redeems its code. */
export interface Asked {
  readonly url: string;
  readonly state: string;
  readonly verifier: string;
}

/** A client on a loopback port, as a command line has one: waits for what the browser brings back (RFC 8252 §7.3). */
export interface LoopbackClient {
  readonly origin: string;
  readonly redirectUri: string;
  /** Everything that came back so far, the newest last. */
  readonly returned: readonly Returned[];
  /** Shows `html` at `path` from now on. */
  show(path: string, html: string): void;
  /** Answers at `path` with a redirect to `location` from now on, as a callback that has an application elsewhere does. */
  sendOn(path: string, location: string): void;
  close(): Promise<void>;
}

/** Starts a client at `hostname`, which has to be this machine. */
export async function startLoopbackClient(hostname: "127.0.0.1" | "localhost" = "127.0.0.1"): Promise<LoopbackClient> {
  const returned: Returned[] = [];
  const shown = new Map<string, string>();
  const onward = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://client.invalid");
    if (pathname === "/callback") {
      const method = request.method ?? "";
      const parameters = method === "POST" ? new URLSearchParams(await bodyOf(request)) : searchParams;
      returned.push({ method, parameters });
    }
    const location = onward.get(pathname);
    if (location !== undefined) {
      response.writeHead(303, { location }).end();
      return;
    }
    const html = shown.get(pathname) ?? "<!doctype html><title>Client</title><h1>Back at the client</h1>";
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(html);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, hostname, resolve);
  });
  const origin = `http://${hostname}:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    redirectUri: `${origin}/callback`,
    returned,
    show: (path, html) => {
      shown.set(path, html);
    },
    sendOn: (path, location) => {
      onward.set(path, location);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A request of `clientId` with PKCE (RFC 7636) and a state; `extra` adds to it or replaces what is there. */
export function ask(
  issuer: string,
  { clientId, redirectUri }: { readonly clientId: string; readonly redirectUri: string },
  extra: Readonly<Record<string, string>> = {},
): Asked {
  const [state, verifier] = [randomBytes(16).toString("base64url"), randomBytes(32).toString("base64url")];
  const parameters = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: "openid profile email offline_access orders:read",
    state,
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
    ...extra,
  });
  return { url: `${issuer}/oauth2/authorize?${parameters}`, state, verifier };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
