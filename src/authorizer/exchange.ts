import type { DecisionAudit } from "../access/decision_audit.ts";
import type { Call } from "../access/gate.ts";
import type { Trace } from "../access/pass_gate.ts";
import { callerUnit, clientAddress } from "../http/client_address.ts";
import type { CanonicalRequest } from "../policy/canonical_request.ts";
import { readEdgeFacts } from "../policy/edge_facts.ts";
import { EdgeConnection } from "./edge_connection.ts";

/** How a call ended. */
export interface Ending {
  readonly outcome: "allowed" | "denied";
  /** Null where it is not known yet. */
  readonly status: number | null;
  readonly reason: string | null;
}

/** By which door a request came to be decided on; the log names it. */
export type Shape = "gateway" | "forward_auth" | "rpc" | "middleware" | "authzen";

/** What is read of a request: a `Request` has it, and so has what others tell of one. */
export interface Incoming {
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** The platform's own facts about the connection of the caller. */
  readonly cf?: unknown;
}

/** One request on its way through: the decision's view of it, and what its log line will say. */
export interface Exchange {
  readonly requestId: string;
  readonly shape: Shape;
  readonly canonical: CanonicalRequest;
  readonly address: string;
  /** The caller's headers, read out once: those that may go on to the origin. */
  headers: readonly (readonly [name: string, value: string])[];
  /** The query as it goes on to the origin, with its `?`, or the empty string. */
  search: string;
  readonly call: Call;
  readonly trace: Trace;
  /** Calls that were made to an origin with a guard; 0 for any other. */
  attempts: number;
  /** How decisions are recorded; null where none is. */
  readonly audit: DecisionAudit | null;
  /** Hears how the call ended, where its record was begun before that. */
  ended: ((ending: Ending) => void) | null;
  /** Settles when the WebSocket that the call became has ended; null where it becomes none. */
  closed: PromiseWithResolvers<void> | null;
}

/** Reads `request` once: its clock, its headers, where it came from. */
export function openExchange(
  request: Incoming,
  canonical: CanonicalRequest,
  ctx: ExecutionContext,
  shape: Shape,
  audit: DecisionAudit | null,
  takesUnseenBodies = false,
): Exchange {
  const headers = [...request.headers];
  const header = headerReader(headers);
  const address = clientAddress(header);
  return {
    requestId: crypto.randomUUID(),
    shape,
    canonical,
    address,
    headers,
    search: canonical.search,
    call: {
      method: canonical.method,
      segments: canonical.segments,
      search: canonical.search,
      header,
      headerBytes: wireBytes(headers),
      address: callerUnit(header),
      exactAddress: address,
      edge: () => readEdgeFacts(request.cf),
      connection: new EdgeConnection(request, canonical),
      nowMs: Date.now(),
      isPassedOnHere: shape === "gateway",
      takesUnseenBodies,
      defer: (work) => ctx.waitUntil(work),
    },
    trace: {
      route: null,
      matched: null,
      audit: null,
      holder: null,
      rules: [],
      failures: null,
      decidedOn: null,
      limits: null,
      abuse: null,
      spent: null,
    },
    attempts: 0,
    audit,
    ended: null,
    closed: null,
  };
}

/** Looks a header up among those that were read out: cheaper than asking the runtime each time. */
function headerReader(headers: readonly (readonly [string, string])[]): (name: string) => string | null {
  return (name) => headers.find(([held]) => held === name)?.[1] ?? null;
}

/** What the headers take on the wire: each has a colon, a space and a line end beside its name and value. */
function wireBytes(headers: readonly (readonly [string, string])[]): number {
  let bytes = 0;
  for (const [name, value] of headers) bytes += name.length + value.length + 4;
  return bytes;
}
