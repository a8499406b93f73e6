import http from "node:http";

/*
 * Each call of a test goes over a connection of its own. workerd closes one that was idle for five seconds, and one whose request took it so
 * long, and a call that is on its way then is lost: on a busy machine that would be one or the other of these tests. What is about
 * connections that are kept has its own (`scripts/workers/connection.ts`).
 */
http.globalAgent = new http.Agent({ keepAlive: false });

const fetchOf = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : {}));
  headers.set("connection", "close");
  return fetchOf(input, { ...init, headers });
};
