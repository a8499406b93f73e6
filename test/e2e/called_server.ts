import { createServer, type RequestListener, type Server } from "node:http";

/**
 * A server that the Worker under test calls. It closes no connection for being idle: Node would after 5 s, which is when workerd
 * would still send on it, and that call would fail (the gate answers 502) whatever the Worker did.
 */
export function calledServer(listener: RequestListener): Server {
  return createServer({ keepAliveTimeout: 0 }, listener);
}
