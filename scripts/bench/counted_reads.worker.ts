import type { Environment } from "../../src/bindings.ts";
import worker from "../../src/worker.ts";
import { ROUND_TRIPS } from "./round_trips.ts";

/*
 * The Worker as it is deployed, with a count of the batches that it sends to D1, which is how relations are read: what is measured is the same code.
 */
export * from "../../src/worker.ts";

let roundTrips = 0;
let counted: Environment | null = null;

function countedDatabase(db: D1Database): D1Database {
  return new Proxy(db, {
    get(target, member) {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (member === "batch") roundTrips++;
        return Reflect.apply(value, target, args);
      };
    },
  });
}

export default {
  ...worker,
  fetch(request, env, ctx) {
    if (request.url.endsWith(ROUND_TRIPS)) return new Response(String(roundTrips));
    // One environment for the isolate, as the runtime's own is.
    counted ??= { ...env, DB: countedDatabase((env as { DB: D1Database }).DB) } as Environment;
    return worker.fetch(request, counted, ctx);
  },
} satisfies ExportedHandler<Environment>;
