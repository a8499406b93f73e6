import type { Principal } from "../policy/principal.ts";

/*
 * The decision alone, as another Worker asks for it over a service binding. All of it is plain data.
 */

export type HeaderList = readonly (readonly [name: string, value: string])[];

/**
 * A call that is asked about. A `Request` fits, but one with a body hands its body over with it, and the asker has it no longer:
 * whoever needs the body sends these members alone.
 */
export interface AskedRequest {
  readonly method: string;
  /** As it was received: what a parser of URLs has mended cannot be judged any more. */
  readonly url: string;
  readonly headers: Headers | HeaderList;
  /** The platform's own facts about the connection, where there are any. */
  readonly cf?: unknown;
}

/** The gate lets the call pass: the asker carries it out. */
export interface AllowedCall {
  readonly allowed: true;
  readonly requestId: string;
  /** The route's id. */
  readonly route: string;
  readonly principal: Principal;
  /** The signed identity for the route's audience; null on a public route. */
  readonly identity: string | null;
  /** For whoever the call is passed on to, in the place of any of the same name. */
  readonly requestHeaders: HeaderList;
  /** For the caller. */
  readonly responseHeaders: HeaderList;
}

/** The gate refuses: this is what the caller is to be answered. */
export interface RefusedCall {
  readonly allowed: false;
  readonly requestId: string;
  readonly status: number;
  /** The problem's `code` (docs/failures.md); null where the answer is none, but a preflight's. */
  readonly code: string | null;
  readonly headers: HeaderList;
  /** A problem document (RFC 9457). */
  readonly body: string;
}

export type AuthorizationDecision = AllowedCall | RefusedCall;

/** Who asks, for the log. */
export type AskingShape = "rpc" | "middleware";

/** What decides. It never throws for what is wrong with a call; a throw is an outage, and nothing may pass. */
export interface Authorization {
  authorize(asked: AskedRequest, shape?: AskingShape): Promise<AuthorizationDecision>;
}
