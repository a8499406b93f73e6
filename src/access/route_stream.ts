/** What a route asks of connections that stay open: WebSockets, and answers that are read for long. */

/** A route whose calls become WebSockets. */
export interface RouteWebSocket {
  /** Whose pages may open one, compared as texts with the caller's `Origin`. */
  readonly origins: ReadonlySet<string>;
  /** How the gate passes messages on; null where the platform does, unseen by the gate. */
  readonly relay: WebSocketRelay | null;
}

/** Bounds of one relayed WebSocket. */
export interface WebSocketRelay {
  /** Whether it ends when the credential of its handshake does. */
  readonly closesWithCredential: boolean;
  readonly maxMs: number;
  /** How long nobody may say anything. */
  readonly idleMs: number;
  readonly maxMessageBytes: number;
  /** The most that is passed on to either side in all. */
  readonly maxBytes: number;
}

/** What the bodies of a route's answers are bounded by while they are read. */
export interface RouteStream {
  /** Whether they end when the credential does. */
  readonly closesWithCredential: boolean;
  /** Null for as long as it takes. */
  readonly maxMs: number | null;
  /** How long a caller may take nothing of what waits for it. */
  readonly idleMs: number;
}
