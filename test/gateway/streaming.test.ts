import { beforeAll, describe, expect, it } from "vitest";
import { bearer, type ForgeKey, ringKey, token } from "../support/forge.ts";
import { handFed } from "../support/guarded.ts";
import { install } from "../support/install.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";

captureLogs();
const network = stubNetwork();
const decoder = new TextDecoder();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

describe("bodies stream both ways", () => {
  it("a response's first chunk arrives before the origin has sent its second", async () => {
    const source = handFed();
    network.origin(() => new Response(source.stream));
    const response = await install().fetch("/whoami", { headers: bearer(await token(ring)) });
    const reader = response.body?.getReader();
    source.send("first");
    expect(decoder.decode((await reader?.read())?.value)).toBe("first");
    source.send("second");
    expect(decoder.decode((await reader?.read())?.value)).toBe("second");
    source.end();
    expect((await reader?.read())?.done).toBe(true);
  });

  it("a request's first chunk reaches the origin before the caller has sent its second", async () => {
    const source = handFed();
    const seen: string[] = [];
    const arrived = Promise.withResolvers<void>();
    network.origin(async (request) => {
      for await (const chunk of request.body ?? []) {
        seen.push(decoder.decode(chunk));
        arrived.resolve();
      }
      return new Response(seen.join("|"));
    });
    const headers = bearer(await token(ring));
    const answering = install().fetch("/upload", { method: "POST", body: source.stream, headers });
    source.send("first");
    await arrived.promise;
    expect(seen).toEqual(["first"]);
    source.send("second");
    source.end();
    expect(await (await answering).text()).toBe("first|second");
  });

  it("an answer that begins before the request has ended is passed on", async () => {
    const source = handFed();
    network.origin(() => new Response("early"));
    const headers = bearer(await token(ring));
    const response = await install().fetch("/upload", { method: "POST", body: source.stream, headers });
    expect(await response.text()).toBe("early");
  });

  it("a caller that stops reading ends the origin's stream", async () => {
    const source = handFed();
    network.origin(() => new Response(source.stream));
    const response = await install().fetch("/whoami", { headers: bearer(await token(ring)) });
    await response.body?.cancel();
    expect(source.state.cancelled).toBe(true);
  });

  it("a refused call leaves the body unread", async () => {
    const source = handFed();
    source.send("never read");
    const response = await install().fetch("/upload", { method: "POST", body: source.stream });
    expect(response.status).toBe(401);
    expect(network.calls).toEqual([]);
  });

  it("RFC 9110 9.3.1: content of a GET or HEAD does not reach the origin", async () => {
    network.origin(async (request) => new Response(String((await request.text()).length)));
    const response = await install().fetch("/whoami", {
      headers: { ...bearer(await token(ring)), "content-length": "0" },
    });
    expect(await response.text()).toBe("0");
  });
});
