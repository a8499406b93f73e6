import * as z from "zod/mini";
import { seconds } from "../terms.ts";
import { webOrigin } from "./cors.ts";

/* Connections that stay open: WebSockets, and answers that are read for long. */

/** What the platform itself takes of one message: it closes the connection on a longer one. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** A WebSocket in the place of an answer (RFC 6455). Where a bound is absent, `WEB_SOCKET_BOUNDS` says it. */
export const routeWebSocket = z.strictObject({
  /** Whose pages may open one; those of the route's `cors` when absent. Programs say no origin. */
  origins: z.optional(z.array(webOrigin).check(z.maxLength(100))),
  /** Who passes messages on: the `gate`, which can end the connection, or the `platform`, which ends it for nobody. */
  relay: z._default(z.enum(["gate", "platform"]), "gate"),
  /** Whether it ends with the credential that opened it; so it does on every closed route, unless this says otherwise. */
  closeWithCredential: z.optional(z.boolean()),
  maxSeconds: z.optional(seconds.check(z.maximum(86_400))),
  /** How long both sides may say nothing. */
  idleSeconds: z.optional(seconds.check(z.maximum(86_400))),
  maxMessageBytes: z.optional(z.int().check(z.minimum(1), z.maximum(MAX_MESSAGE_BYTES))),
  /** The most that is passed on to either side in all. */
  maxBytes: z.optional(z.int().check(z.minimum(1), z.maximum(Number.MAX_SAFE_INTEGER))),
});

/** What holds where a route's `webSocket` says nothing else. */
export const WEB_SOCKET_BOUNDS = {
  maxSeconds: 3_600,
  idleSeconds: 300,
  maxMessageBytes: MEBIBYTE,
  maxBytes: 64 * MEBIBYTE,
} as const;

/** Bodies of answers while they are read. */
export const routeStream = z.strictObject({
  /** Whether they end with the credential of their call. */
  closeWithCredential: z._default(z.boolean(), true),
  /** When they end at the latest; whenever the origin says so when absent. */
  maxSeconds: z.optional(seconds.check(z.maximum(86_400))),
  /** How long a caller may take nothing of what waits for it. */
  idleSeconds: z._default(seconds.check(z.maximum(3_600)), 60),
});
