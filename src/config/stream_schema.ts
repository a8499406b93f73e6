import * as z from "zod";
import { webOrigin } from "./cors_schema.ts";
import { seconds } from "./terms.ts";

/* Connections that stay open: WebSockets, and answers that are read for long. */

/** What the platform itself takes of one message: it closes the connection on a longer one. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;

/** A WebSocket in the place of an answer (RFC 6455). Where a bound is absent, `WEB_SOCKET_BOUNDS` says it. */
export const routeWebSocket = z.strictObject({
  /** Whose pages may open one; those of the route's `cors` when absent. Programs say no origin. */
  origins: z.array(webOrigin).max(100).optional(),
  /** Who passes messages on: the `gate`, which can end the connection, or the `platform`, which ends it for nobody. */
  relay: z.enum(["gate", "platform"]).default("gate"),
  /** Whether it ends with the credential that opened it; so it does on every closed route, unless this says otherwise. */
  closeWithCredential: z.boolean().optional(),
  maxSeconds: seconds.max(86_400).optional(),
  /** How long both sides may say nothing. */
  idleSeconds: seconds.max(86_400).optional(),
  maxMessageBytes: z.int().min(1).max(MAX_MESSAGE_BYTES).optional(),
  /** The most that is passed on to either side in all. */
  maxBytes: z.int().min(1).max(Number.MAX_SAFE_INTEGER).optional(),
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
  closeWithCredential: z.boolean().default(true),
  /** When they end at the latest; whenever the origin says so when absent. */
  maxSeconds: seconds.max(86_400).optional(),
  /** How long a caller may take nothing of what waits for it. */
  idleSeconds: seconds.max(3_600).default(60),
});
