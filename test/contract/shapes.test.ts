import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type ForgeKey, ringKey } from "../support/forge.ts";
import { captureLogs } from "../support/logs.ts";
import { stubNetwork } from "../support/network.ts";
import { type AskShape, installForProxies, SHAPES, type ShapeAnswer } from "../support/shapes.ts";
import { CONTRACT, type ContractRow } from "./shapes_contract.ts";

/** The start of a window of every limit. */
const START = Date.parse("2026-11-04T00:00:00Z");
const logs = captureLogs();
const network = stubNetwork();
let ring: ForgeKey;

beforeAll(async () => {
  ring = await ringKey();
});

beforeEach(() => {
  vi.setSystemTime(START);
});

afterEach(() => {
  vi.useRealTimers();
});

interface Outcome {
  readonly answer: ShapeAnswer;
  /** The line that the call left, without what differs each time. */
  readonly line: Readonly<Record<string, unknown>>;
}

/** Each outcome is of an isolate, a caller and counters of its own. */
async function outcome(row: ContractRow, ask: AskShape): Promise<Outcome> {
  const gate = installForProxies(row.wishes?.());
  const call = await row.call(ring);
  let answer = await ask(gate, call, network);
  for (let made = 1; made < (row.times ?? 1); made++) answer = await ask(gate, call, network);
  const lines = [...logs.events("decision"), ...logs.events("request_refused")];
  const { time, request_id, duration_ms, principal_id, credential_id, ...line } = lines.at(-1) ?? {};
  expect(request_id).toMatch(/^[0-9a-f-]{36}$/);
  return { answer: { ...answer, identity: answer.identity && { ...answer.identity, sub: "", client_id: "" } }, line };
}

describe.each(Object.entries(SHAPES))("the shape %s", (shape, ask) => {
  it.each(CONTRACT)("$name: $status $code, as the inline gateway says it", async (row) => {
    const expected = await outcome(row, SHAPES.gateway);
    const told = await outcome(row, ask);
    expect([told.answer.status, told.answer.problem?.code ?? null]).toEqual([row.status, row.code]);
    expect(told.answer).toEqual(expected.answer);
    expect(told.line).toEqual({ ...expected.line, ...(shape === "gateway" ? {} : { shape }) });
  });
});

it("only the inline gateway calls an origin", async () => {
  const [row] = CONTRACT;
  if (row === undefined) throw new Error("the contract is empty");
  for (const [shape, ask] of Object.entries(SHAPES)) {
    const before = network.originCalls.length;
    await outcome(row, ask);
    expect([shape, network.originCalls.length - before]).toEqual([shape, shape === "gateway" ? 1 : 0]);
  }
});
