import { once } from "node:events";
import type { Miniflare } from "miniflare";

const MIB = 1024 * 1024;
const PUMP_MS = 20;
const DEADLINE_MS = 30_000;

/** The heap of one isolate, seen through workerd's inspector. */
export interface IsolateHeap {
  /** What is live in it after a full collection, in MiB: JavaScript's heap, and what its objects hold outside of it. */
  liveMiB(): Promise<number>;
  close(): Promise<void>;
}

interface Usage {
  readonly usedSize: number;
  readonly embedderHeapUsedSize?: number;
  readonly backingStorageSize?: number;
}

/**
 * Opens the inspector of the Worker called `name`. `miniflare` was given an `inspectorPort`. `touch` sends the Worker any request: an isolate
 * collects between events, and one that nothing happens to has none.
 */
export async function isolateHeap(
  miniflare: Miniflare,
  name: string,
  touch: () => Promise<unknown>,
): Promise<IsolateHeap> {
  const { host } = await miniflare.getInspectorURL();
  const socket = new WebSocket(`ws://${host}/core:user:${name}`);
  const waiting = new Map<number, (result: unknown) => void>();
  socket.addEventListener("message", ({ data }) => {
    const { id, result, error } = JSON.parse(String(data));
    waiting.get(id)?.(error === undefined ? result : Promise.reject(new Error(JSON.stringify(error))));
    waiting.delete(id);
  });
  await once(socket, "open");
  let sent = 0;
  const call = (method: string) =>
    new Promise<unknown>((resolve, reject) => {
      sent += 1;
      waiting.set(sent, resolve);
      setTimeout(() => reject(new Error(`the inspector does not answer ${method}`)), DEADLINE_MS).unref();
      socket.send(JSON.stringify({ id: sent, method }));
    });
  await call("HeapProfiler.enable");
  return {
    async liveMiB() {
      const pump = setInterval(() => void touch().catch(() => undefined), PUMP_MS);
      try {
        await call("HeapProfiler.collectGarbage");
      } finally {
        clearInterval(pump);
      }
      const {
        usedSize,
        embedderHeapUsedSize = 0,
        backingStorageSize = 0,
      } = (await call("Runtime.getHeapUsage")) as Usage;
      return (usedSize + embedderHeapUsedSize + backingStorageSize) / MIB;
    },
    async close() {
      socket.close();
      await once(socket, "close");
    },
  };
}
