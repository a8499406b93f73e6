import type { CallFieldRights } from "../access/field_rights.ts";
import { logFault } from "../http/log.ts";
import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { Outage } from "../kernel/outage.ts";
import { ok } from "../kernel/result.ts";
import { type CheckedText, checkResponseText, responseFault } from "../openapi/check_response.ts";
import type { Contract } from "../openapi/contract.ts";
import type { ValueFault } from "../openapi/judge.ts";
import { entryFor, readMediaType } from "../openapi/media_types.ts";
import { type ResponseShape, responseShape } from "../openapi/response_shape.ts";
import type { SchemaNode } from "../openapi/schema_node.ts";
import type { FieldRights } from "../policy/field_grants.ts";
import { type Forwarded, withoutResponse } from "./forward.ts";
import type { HeldBodies } from "./held_bodies.ts";

/** What checking a response needs beside it. */
export interface ResponseCheck {
  readonly contract: Contract;
  readonly method: string;
  readonly rights: CallFieldRights;
  /** Whether something of the resource is kept from the caller. What is said of the whole would tell of that. */
  readonly isPartial: boolean;
  readonly bodies: HeldBodies;
  /** How long the body may take, in milliseconds. */
  readonly withinMs: number;
  /** Hears what does not fit. */
  readonly tell: (faults: readonly ValueFault[]) => void;
}

/** Codings that the platform takes off by itself as a body is read. */
const DECODED: ReadonlySet<string> = new Set(["identity", "gzip", "br"]);
/** What is true of the origin's bytes alone. */
const OF_THE_BYTES = ["content-length", "content-encoding", "content-md5", "digest", "content-digest", "repr-digest"];
const OF_THE_CONTENT = ["etag", "last-modified", "accept-ranges"];
const NO_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Holds `origin` to its contract and takes out what the viewer may not see. JSON is read whole for that; other types that the
 * document names stream on. What cannot be looked into, though the document hides something there, is never passed.
 */
export async function checkedResponse(origin: Response, check: ResponseCheck): Promise<Forwarded> {
  const checked = await heldToContract(origin, check);
  const isWhole = !check.contract.hidesWhenRead && !check.isPartial;
  if (isReadOnly(check.method) || isWhole || !checked.ok) return checked;
  // What a change answers is said of what a read would show, and may be a hash over what it hides.
  return ok(without(checked.value, checked.value.body, OF_THE_CONTENT));
}

async function heldToContract(origin: Response, check: ResponseCheck): Promise<Forwarded> {
  const { contract, method, isPartial } = check;
  // Failures of the origin are replaced later on, whatever they say.
  if (origin.status >= 500 || origin.status < 200) return ok(origin);
  const { responses } = contract.operation;
  const shape = responseShape(responses, origin.status);
  if (method === "HEAD") return ok(without(origin, null, [...OF_THE_BYTES, ...OF_THE_CONTENT]));
  const hides = responses.some((one) => one.hides);
  const withoutBody = () => ok(hides || isPartial ? without(origin, null, OF_THE_CONTENT) : origin);
  if (NO_CONTENT.has(origin.status)) return withoutBody();
  if (shape === null) return unknown(origin, "status", hides, check);
  if (origin.body === null && (shape.byType.size === 0 || origin.status >= 300)) return withoutBody();
  const type = readMediaType(origin.headers.get("content-type"));
  const body = type.ok ? entryFor(shape.byType, type.value.name) : undefined;
  if (body === undefined) return unknown(origin, "content_type", shape.hides, check);
  if (body.node !== null) return checkedJson(origin, body.node, shape, check);
  return ok(isPartial ? without(origin, origin.body, OF_THE_CONTENT) : origin);
}

/** A response that the document does not know. One that is no success goes on without its body. */
function unknown(origin: Response, keyword: string, hides: boolean, check: ResponseCheck): Forwarded {
  check.tell([responseFault(keyword)]);
  if (check.contract.responses === "report" && !hides) return ok(origin);
  origin.body?.cancel().catch(() => undefined);
  if (origin.status < 300) return withoutResponse("response_invalid");
  return ok(without(origin, null, [...OF_THE_BYTES, ...OF_THE_CONTENT, "content-type"]));
}

async function checkedJson(
  origin: Response,
  node: SchemaNode,
  shape: ResponseShape,
  check: ResponseCheck,
): Promise<Forwarded> {
  const { contract, bodies, withinMs, rights, isPartial } = check;
  const { body, headers } = origin;
  if (body === null || origin.status === 206 || !isDecoded(headers)) return unread(origin, body, shape, check);
  return bodies.with(body, { maxBytes: contract.maxResponseBytes, withinMs, sender: null }, async (held) => {
    if (held.kind === "too_large") return unread(origin, held.rest, shape, check);
    if (held.kind !== "whole") return withoutResponse(NOT_HELD[held.kind], held.kind === "no_room" ? 1 : null);
    const checked = await seenBy(rights, check, (seen) =>
      checkResponseText(node, fromUtf8(held.bytes), contract, shape, { rights: seen, isPartial }),
    );
    if (checked.faults.length > 0) check.tell(checked.faults);
    if (checked.kind === "withheld") return withoutResponse("response_invalid");
    return checked.text === null
      ? ok(without(origin, held.bytes, fieldsOfBytes(headers)))
      : ok(without(origin, utf8(checked.text), [...OF_THE_BYTES, ...OF_THE_CONTENT]));
  });
}

/**
 * What `look` finds once the relations to what is in the response are known. Those of a read that cannot be had refuse it: it can be asked
 * again. A change was made: of what it answers, all is hidden that they would have shown.
 */
async function seenBy(
  { rights, fetch }: CallFieldRights,
  { method }: ResponseCheck,
  look: (rights: FieldRights) => CheckedText,
): Promise<Exclude<CheckedText, { kind: "wants" }>> {
  const first = look(rights);
  if (first.kind !== "wants") return first;
  try {
    await fetch(first.questions);
  } catch (error) {
    if (!(error instanceof Outage) || isReadOnly(method)) throw error;
    logFault("field_relations_unavailable", { dependency: error.dependency });
  }
  const again = look({ ...rights, related: (resource, relation) => rights.related(resource, relation) ?? false });
  if (again.kind === "wants") throw new Error("a response asks for what was answered");
  return again;
}

function isReadOnly(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

const NOT_HELD = { late: "origin_timeout", no_room: "gate_busy", broken: "origin_unreachable" } as const;

/** JSON that cannot be looked into: absent, in part, too large, or in a coding that stays. `body` is all of it. */
function unread(
  origin: Response,
  body: ReadableStream<Uint8Array> | null,
  { hides }: ResponseShape,
  { contract, tell }: ResponseCheck,
): Forwarded {
  tell([responseFault("not_readable")]);
  if (contract.responses === "report" && !hides) return ok(body === origin.body ? origin : without(origin, body, []));
  body?.cancel().catch(() => undefined);
  return withoutResponse("response_invalid");
}

function isDecoded(headers: Headers): boolean {
  return DECODED.has((headers.get("content-encoding") ?? "identity").trim().toLowerCase());
}

/** Bytes that came as they are keep what was said of them; of others, coded on their way, nothing is true any more. */
function fieldsOfBytes(headers: Headers): readonly string[] {
  return headers.has("content-encoding") ? OF_THE_BYTES : ["content-length"];
}

/** `origin` with another body, and without the headers called `names`. */
function without(origin: Response, body: BodyInit | null, names: readonly string[]): Response {
  const headers = new Headers(origin.headers);
  for (const name of names) headers.delete(name);
  return new Response(body, { status: origin.status, statusText: origin.statusText, headers });
}
