import { fromUtf8 } from "../kernel/bytes.ts";
import type { BodyShape } from "../openapi/body_shape.ts";
import { checkBody, requestBodyShape } from "../openapi/check_body.ts";
import { checkParameters, type InputFault, inputFault } from "../openapi/check_parameters.ts";
import type { Contract } from "../openapi/contract.ts";
import { MAX_FAULTS } from "../openapi/judge.ts";
import { ANONYMOUS, principalSubject } from "../policy/principal.ts";
import type { Exchange } from "./exchange.ts";
import type { OriginFault } from "./forward.ts";
import type { HeldBodies, HeldBody, HoldTerms } from "./held_bodies.ts";

/** Why a request does not go on: its faults, or what came before any was looked for. */
export type RefusedRequest =
  | { readonly fault: "request_invalid"; readonly errors: readonly InputFault[] }
  | { readonly fault: Exclude<OriginFault, "request_invalid"> };

/** What becomes of a call that fits: `bytes` are those of its body where it was held, null where it has none or nobody looked. */
export type PassRequest<T> = (request: Request, bytes: Uint8Array | null) => Promise<T>;

/** Far more than any line that is worth waiting for takes for what may be held. */
const SLOWEST_BODY_MS = 60_000;
/** As `BODILESS` of what is passed on: their bodies are dropped. */
export const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/**
 * Holds `request` to `contract`: its parameters, its body's type, and its body, which is read whole. Calls `pass` with the request that
 * goes on: with a body that was looked into as those same bytes. Otherwise `refuse`.
 */
export async function checkedRequest<T>(
  request: Request,
  contract: Contract,
  exchange: Exchange,
  bodies: HeldBodies,
  maxBytes: number,
  { pass, refuse }: { pass: PassRequest<T>; refuse: (refused: RefusedRequest) => T },
): Promise<T> {
  const { canonical, call, search } = exchange;
  const faults = checkParameters(contract, { segments: canonical.segments, search, header: call.header });
  const { body } = request;
  if (BODILESS.has(request.method) || body === null) {
    const missing = BODILESS.has(request.method) ? [] : missingBody(contract);
    const errors = [...faults, ...missing].slice(0, MAX_FAULTS);
    return errors.length > 0 ? refuse({ fault: "request_invalid", errors }) : pass(request, null);
  }
  const shape = bodyShape(contract, call.header);
  if (shape === "unsupported_media_type") return refuse({ fault: shape });
  if (shape !== null && shape.node === null) {
    return faults.length > 0 ? refuse({ fault: "request_invalid", errors: faults }) : pass(request, null);
  }
  const bounds = holdTerms(exchange, shape === null ? 0 : maxBytes);
  return bodies.with(body, bounds, async (held) => {
    if (held.kind !== "whole") return refuse(unread(held, shape === null));
    const errors = [...faults, ...bodyFaults(held.bytes, shape, contract)].slice(0, MAX_FAULTS);
    return errors.length > 0
      ? refuse({ fault: "request_invalid", errors })
      : pass(withBody(request, held.bytes), held.bytes);
  });
}

/** Holds `body` as it is, and passes on what was held. */
export function heldRequest<T>(
  request: Request,
  body: ReadableStream<Uint8Array>,
  exchange: Exchange,
  bodies: HeldBodies,
  maxBytes: number,
  { pass, refuse }: { pass: PassRequest<T>; refuse: (refused: RefusedRequest) => T },
): Promise<T> {
  return bodies.with(body, holdTerms(exchange, maxBytes), async (held) =>
    held.kind === "whole" ? pass(withBody(request, held.bytes), held.bytes) : refuse(unread(held, false)),
  );
}

function holdTerms({ call, trace }: Exchange, maxBytes: number): HoldTerms {
  const sender = principalSubject(trace.holder?.principal ?? ANONYMOUS, call.address);
  return { maxBytes, withinMs: SLOWEST_BODY_MS, sender };
}

/** What the body has to be; null where there must be none. */
function bodyShape(
  contract: Contract,
  header: (name: string) => string | null,
): BodyShape | null | "unsupported_media_type" {
  if (contract.operation.body === null) return null;
  const shape = requestBodyShape(contract, header("content-type"), header("content-encoding"));
  // An empty body has no type: whether there has to be one is told when it was read.
  if (!shape.ok) return header("content-length") === "0" ? null : shape.error;
  return shape.value;
}

function bodyFaults(bytes: Uint8Array, shape: BodyShape | null, contract: Contract): readonly InputFault[] {
  if (bytes.byteLength === 0) return missingBody(contract);
  return shape === null ? [NO_BODY_HERE] : checkBody(shape, fromUtf8(bytes), contract);
}

const NO_BODY_HERE = inputFault("body", "", "requestBody", "must not be there");

function missingBody({ operation }: Contract): readonly InputFault[] {
  return operation.body?.isRequired ? [inputFault("body", "", "required", "is missing")] : [];
}

function unread(held: Exclude<HeldBody, { kind: "whole" }>, takesNone: boolean): RefusedRequest {
  switch (held.kind) {
    case "too_large":
      held.rest.cancel().catch(() => undefined);
      return takesNone ? { fault: "request_invalid", errors: [NO_BODY_HERE] } : { fault: "request_body_too_large" };
    case "late":
    case "broken":
      return { fault: "request_timeout" };
    case "no_room":
      return { fault: "gate_busy" };
  }
}

/** The same call with a body that is held: the bytes that were judged are the bytes that are sent. */
function withBody(request: Request, bytes: Uint8Array<ArrayBuffer>): Request {
  const headers = { "content-length": String(bytes.byteLength) };
  return new Request(request.url, { method: request.method, headers, body: bytes });
}
