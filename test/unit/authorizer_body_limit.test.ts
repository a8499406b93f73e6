import { describe, expect, it } from "vitest";
import { limitBody } from "../../src/authorizer/body_limit.ts";

function chunked(bytes: number, headers: Readonly<Record<string, string>> = {}): Request {
  const chunk = new Uint8Array(1_024);
  let left = bytes;
  const body = new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(chunk.slice(0, Math.min(left, chunk.length)));
      left -= chunk.length;
    },
  });
  return new Request("http://gate.test/", { method: "POST", body, headers });
}

async function drained({ stream }: ReturnType<typeof limitBody>): Promise<boolean> {
  try {
    await new Response(stream).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

describe("RFC 9112 6.1: what bounds a body", () => {
  it.each([
    ["no length at all", {}],
    ["a length that is no number", { "content-length": "5, 5" }],
    ["a length beside chunks, which says nothing", { "content-length": "5", "transfer-encoding": "chunked" }],
  ])("%s: it is counted, and cut off where it passes the bound", async (_, headers) => {
    const within = limitBody(chunked(4_096, headers), 4_096);
    expect([await drained(within), within.exceeded()]).toEqual([true, false]);
    const beyond = limitBody(chunked(16_384, headers), 4_096);
    expect([await drained(beyond), beyond.exceeded(), beyond.signal?.aborted]).toEqual([false, true, true]);
  });

  it("a stated length was judged before: nothing is counted", () => {
    const request = new Request("http://gate.test/", {
      method: "POST",
      body: "12345",
      headers: { "content-length": "5" },
    });
    expect(limitBody(request, 5)).toMatchObject({ stream: request.body, signal: null });
  });
});
