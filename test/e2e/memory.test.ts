import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import { residentMemoryMiB, workerdChildren } from "../../scripts/bench/process_usage.ts";
import { HOST, startTwoIsolates, type TwoIsolates } from "./two_isolates_world.ts";

/**
 * Whatever is sent too large is refused unread or dropped where it passes its bound: no request can fill the memory.
 * The process is warmed up first, because the runtime takes some memory once and keeps it.
 */
const ROUNDS = 15;
const AT_ONCE = 8;
const BODY_BYTES = 8 * 1024 * 1024;
/** One kept copy of each body would take 15 x 8 x 8 MiB: 960. */
const GROWTH_BOUND_MIB = 96;

let world: TwoIsolates;
let pid: string;

beforeAll(async () => {
  const before = new Set(workerdChildren());
  world = await startTwoIsolates();
  pid = workerdChildren().find((child) => !before.has(child)) ?? "";
});

afterAll(async () => {
  await world.dispose();
});

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly bodyBytes?: number;
}

/** Sends one request and answers its status; a connection that is cut while the body is still being sent is 0. */
function send({ method, path, headers, bodyBytes = 0 }: Sent): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(
      { host: "127.0.0.1", port: world.a.port, method, path, headers: { host: HOST, ...headers }, agent: false },
      (incoming) => {
        incoming.resume();
        incoming.on("end", () => {
          resolve(incoming.statusCode ?? 0);
          outgoing.destroy();
        });
      },
    );
    outgoing.on("error", () => resolve(0));
    outgoing.end(bodyBytes === 0 ? undefined : Buffer.alloc(bodyBytes, "x"));
  });
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const CHUNKED = { "transfer-encoding": "chunked" };

it.each<[string, Sent, readonly number[]]>([
  ["8 MB said in advance, at a route", { method: "POST", path: "/orders", bodyBytes: BODY_BYTES }, [413, 0]],
  [
    "8 MB in chunks, at a route",
    { method: "POST", path: "/orders", headers: CHUNKED, bodyBytes: BODY_BYTES },
    [401, 0],
  ],
  [
    "8 MB in chunks, at the token endpoint",
    { method: "POST", path: "/oauth2/token", headers: { ...FORM, ...CHUNKED }, bodyBytes: BODY_BYTES },
    [413, 0],
  ],
  ["64 KiB of headers", { method: "GET", path: "/orders", headers: { "x-filler": "x".repeat(64 * 1024) } }, [431]],
  [
    "a token of 1 MB",
    { method: "GET", path: "/orders", headers: { authorization: `Bearer ${"x".repeat(1024 * 1024)}` } },
    [431, 400, 0],
  ],
])("%s: refused, and the memory stays flat", async (_, sent, statuses) => {
  const storm = async (rounds: number) => {
    const seen = new Set<number>();
    for (let round = 0; round < rounds; round++) {
      const told = await Promise.all(Array.from({ length: AT_ONCE }, () => send(sent)));
      for (const status of told) seen.add(status);
    }
    return [...seen];
  };
  await storm(5);
  const beforeMiB = residentMemoryMiB(pid);
  const seen = await storm(ROUNDS);
  const growthMiB = residentMemoryMiB(pid) - beforeMiB;
  console.info(`${seen.join(", ")}: ${growthMiB.toFixed(0)} MiB more than ${beforeMiB.toFixed(0)}`);
  expect(statuses).toEqual(expect.arrayContaining(seen));
  expect(seen.some((status) => status >= 400)).toBe(true);
  expect(growthMiB).toBeLessThan(GROWTH_BOUND_MIB);
});
