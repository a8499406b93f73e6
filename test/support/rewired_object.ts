import { runInDurableObject } from "cloudflare:test";

/**
 * Gives the live instance behind `stub` another wiring: settings, keys or neighbours that a test wants. To be called before
 * the instance's first work, and again after an eviction.
 */
export function rewire<O extends Rpc.DurableObjectBranded>(stub: DurableObjectStub<O>, wiring: unknown): Promise<void> {
  return runInDurableObject(stub, (instance) => {
    Object.defineProperty(instance, "wire", { value: () => wiring });
  });
}
