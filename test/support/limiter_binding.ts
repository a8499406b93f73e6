import type { Limiter } from "../../src/objects/limiter.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      LIMITER: DurableObjectNamespace<Limiter>;
    }
  }
}
