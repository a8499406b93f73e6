import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { HOST, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";

const CHUNK = "x".repeat(64 * 1024);
/** An answer that has to come is waited for even on a slow machine; one that must not come is given 3 s to come. */
const ANSWER_MS = 60_000;
const SILENCE_MS = 3_000;

let world: TwoIsolates;

beforeAll(async () => {
  world = await startTwoIsolates();
});

afterAll(async () => {
  await world.dispose();
});

/** Sends a head and then chunks without an end; tells the status line that comes all the same, or null. */
function endlessForm(fields: readonly string[], chunks: number, patienceMs: number): Promise<string | null> {
  const head = ["POST /oauth2/token HTTP/1.1", `Host: ${HOST}`, "Content-Type: application/x-www-form-urlencoded"];
  return new Promise((resolve) => {
    const socket = connect(world.a.port, "127.0.0.1");
    const end = (line: string | null) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(line);
    };
    const timer = setTimeout(() => end(null), patienceMs);
    socket.once("data", (data) => end(data.toString().split("\r\n")[0] ?? null));
    socket.once("error", () => end(null));
    socket.write(`${[...head, ...fields].join("\r\n")}\r\n\r\n`);
    for (let sent = 0; sent < chunks; sent++) socket.write(`${CHUNK.length.toString(16)}\r\n${CHUNK}\r\n`);
  });
}

describe("RFC 9112 6.3: a form is bounded by what arrives, not by what is said of it", () => {
  it.each([
    ["in chunks", ["Transfer-Encoding: chunked"]],
    ["in chunks with a small length beside them", ["Content-Length: 10", "Transfer-Encoding: chunked"]],
    ["in chunks with a small length behind them", ["Transfer-Encoding: chunked", "Content-Length: 10"]],
  ])("%s: refused once it passes 64 KiB, without waiting for its end", async (_, fields) => {
    expect(await endlessForm(fields, 2, ANSWER_MS)).toMatch(/^HTTP\/1\.1 (?:400|413) /);
  });

  it("a form that has not passed it is waited for", async () => {
    expect(await endlessForm(["Transfer-Encoding: chunked"], 0, SILENCE_MS)).toBeNull();
  });
});
