import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "../../../src/issuer/pages/page.ts";
import { pageResponse } from "../../../src/issuer/pages/page_response.ts";
import { platformRandom } from "../../../src/kernel/random.ts";
import { samples } from "./samples.ts";

/** The pages on a loopback port of their own, with the headers that they have in earnest. */
export interface PageSite {
  readonly url: string;
  readonly names: readonly string[];
  /** What was posted to `/received` last, or null. */
  posted(): string | null;
  /** The `Origin` that came with it. */
  postedFrom(): string | null;
  /** Adds a page under `name`. */
  add(name: string, page: Page): void;
  close(): Promise<void>;
}

/** It names an icon, or the browser asks for one at whatever moment it likes and complains that there is none. */
const RECEIVED = `<title>received</title><link rel="icon" href="data:,">`;

const PRESS = { branding: { name: "Sallyport", accent: "#1f4fd8" }, host: "auth.example.com", random: platformRandom };

/** Serves every sample at `/<name>`, and a place to post to at `/received`. */
export async function openSite(received?: string): Promise<PageSite> {
  const pages = new Map<string, Page>();
  let posted: string | null = null;
  let postedFrom: string | null = null;
  const server = createServer(async (request, response) => {
    const name = (request.url ?? "/").slice(1).split("?", 1)[0] ?? "";
    if (name === "received" && request.method === "POST") {
      posted = await readAll(request);
      postedFrom = request.headers.origin ?? null;
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(RECEIVED);
      return;
    }
    const page = pages.get(name);
    if (page === undefined) {
      response.writeHead(404).end();
      return;
    }
    const answer = await pageResponse(page, PRESS);
    response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
  });
  const url = await listen(server);
  for (const [name, page] of Object.entries(samples(received ?? `${url}/received`))) pages.set(name, page);
  return {
    url,
    names: [...pages.keys()],
    posted: () => posted,
    postedFrom: () => postedFrom,
    add: (name, page) => pages.set(name, page),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}
