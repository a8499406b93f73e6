import { type CallFieldRights, NO_FIELD_RIGHTS } from "../access/field_rights.ts";
import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { RequestShape } from "../openapi/body_shape.ts";
import { type BodySender, type CheckedBody, checkBody, invalidBody, requestBodyShape } from "../openapi/check_body.ts";
import { checkParameters, type InputFault, inputFault } from "../openapi/check_parameters.ts";
import type { Contract } from "../openapi/contract.ts";
import { MAX_FAULTS } from "../openapi/judge.ts";
import { ANONYMOUS, principalSubject } from "../policy/principal.ts";
import type { Exchange } from "./exchange.ts";
import type { OriginFault } from "./forward.ts";
import type { HeldBodies, HeldBody, HoldTerms } from "./held_bodies.ts";

/** Why a request does not go on: its faults, or what came before any was looked for. */
export type RefusedRequest =
  | { readonly fault: "request_invalid" | "field_not_writable"; readonly errors: readonly InputFault[] }
  | { readonly fault: Exclude<OriginFault, "request_invalid" | "field_not_writable"> };

/** What becomes of a call that fits: `bytes` are those of its body where it was held, null where it has none or nobody looked. */
export type PassRequest<T> = (request: Request, bytes: Uint8Array | null) => Promise<T>;

/** Where a request goes on to. */
export interface Onward<T> {
  readonly pass: PassRequest<T>;
  readonly refuse: (refused: RefusedRequest) => T;
}

/** The same where fields of its body may not be for everybody. */
export interface FieldsOnward<T, Refused> extends Onward<T> {
  /** What decides on them: asked for once the body is there, and only where they are not. */
  readonly rights: (bytes: Uint8Array) => Promise<KnownRights | Refused>;
  /** Hears what was dropped from a body. */
  readonly dropped: (faults: readonly InputFault[]) => void;
}

export type KnownRights = Extract<Result<CallFieldRights, never>, { ok: true }>;

/** Far more than any line that is worth waiting for takes for what may be held. */
const SLOWEST_BODY_MS = 60_000;
/** As `BODILESS` of what is passed on: their bodies are dropped. */
export const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** What seals a body (RFC 9530, RFC 9421): nothing may be dropped from it behind its sender's back. */
const SEALS = ["content-digest", "repr-digest", "digest", "content-md5", "signature-input"];

/**
 * Holds `request` to `contract`: its parameters, its body's type, and its body, which is read whole. Calls `pass` with the request that
 * goes on: with a body that was looked into as those same bytes, or as what is left of them. Otherwise `refuse`.
 */
export async function checkedRequest<T, Refused extends { readonly ok: false } = never>(
  request: Request,
  contract: Contract,
  exchange: Exchange,
  bodies: HeldBodies,
  maxBytes: number,
  onward: FieldsOnward<T, Refused>,
): Promise<T | Refused> {
  const { pass, refuse } = onward;
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
    const rights = shape?.restricts ? await onward.rights(held.bytes) : ok(NO_FIELD_RIGHTS);
    if (!rights.ok) return rights;
    const isSealed = SEALS.some((name) => call.header(name) !== null);
    const checked = checkedBytes(held.bytes, shape, contract, { rights: rights.value.rights, isSealed });
    if (checked.kind === "unwritable") return refuse({ fault: "field_not_writable", errors: checked.errors });
    const errors = [...faults, ...checked.errors].slice(0, MAX_FAULTS);
    if (errors.length > 0) return refuse({ fault: "request_invalid", errors });
    if (checked.dropped.length > 0) onward.dropped(checked.dropped);
    const bytes = checked.text === null ? held.bytes : utf8(checked.text);
    return pass(withBody(request, bytes), bytes);
  });
}

/** Holds `body` as it is, and passes on what was held. */
export function heldRequest<T>(
  request: Request,
  body: ReadableStream<Uint8Array>,
  exchange: Exchange,
  bodies: HeldBodies,
  maxBytes: number,
  { pass, refuse }: Onward<T>,
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
): RequestShape | null | "unsupported_media_type" {
  if (contract.operation.body === null) return null;
  const shape = requestBodyShape(contract, header("content-type"), header("content-encoding"));
  // An empty body has no type: whether there has to be one is told when it was read.
  if (!shape.ok) return header("content-length") === "0" ? null : shape.error;
  return shape.value;
}

function checkedBytes(
  bytes: Uint8Array,
  shape: RequestShape | null,
  contract: Contract,
  sender: BodySender,
): CheckedBody {
  if (bytes.byteLength === 0) return invalidBody(missingBody(contract));
  if (shape === null) return invalidBody([NO_BODY_HERE]);
  return checkBody(shape, fromUtf8(bytes), contract, sender);
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

/** The same call with a body that is held: `bytes` are what was judged of it, and no others are sent. */
function withBody(request: Request, bytes: Uint8Array<ArrayBuffer>): Request {
  const headers = { "content-length": String(bytes.byteLength) };
  return new Request(request.url, { method: request.method, headers, body: bytes });
}
