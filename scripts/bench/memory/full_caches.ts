import { fileURLToPath } from "node:url";
import { Miniflare, type WorkerOptions } from "miniflare";
import { bundle } from "../../workers/bundle.ts";
import { QUIET } from "../quiet.ts";
import { isolateHeap } from "./isolate_heap.ts";

/** What one cache takes when it is full, in MiB. */
export interface FullCache {
  readonly name: string;
  readonly miB: number;
}

/** Every cache of an authorizer's isolate, full. */
export interface FullCaches {
  /** The same Worker before it filled any. */
  readonly emptyMiB: number;
  readonly caches: readonly FullCache[];
  /** All of them at once, with the code. */
  readonly liveMiB: number;
}

const WORKER = "full-caches";
const ENTRY = fileURLToPath(new URL("./full_caches.worker.ts", import.meta.url));

/**
 * Fills every cache in one isolate and weighs it after each, or, without `each`, at the end alone. `usual`: entries as most installations have them; `large`: tokens with
 * dozens of roles for many origins, keys with long lists of terms, so that the bound in bytes is the one that holds.
 */
export async function weighFullCaches(size: "usual" | "large", each = true): Promise<FullCaches> {
  const { modules } = await bundle(ENTRY, null);
  const miniflare = new Miniflare({
    ...QUIET,
    inspectorPort: 0,
    workers: [{ name: WORKER, modules, compatibilityDate: "2026-07-30" } as WorkerOptions],
  });
  try {
    const url = await miniflare.ready;
    const get = (path: string) => fetch(new URL(path, url));
    const heap = await isolateHeap(miniflare, WORKER, async () => (await get("/")).body?.cancel());
    const names = (await (await get("/")).json()) as readonly string[];
    const emptyMiB = await heap.liveMiB();
    const caches: FullCache[] = [];
    let liveMiB = emptyMiB;
    for (const name of names) {
      const filled = await get(`/${name}?size=${size}`);
      if (filled.status !== 204) throw new Error(`${name}: ${await filled.text()}`);
      if (!each) continue;
      const nowMiB = await heap.liveMiB();
      caches.push({ name, miB: nowMiB - liveMiB });
      liveMiB = nowMiB;
    }
    if (!each) liveMiB = await heap.liveMiB();
    await heap.close();
    return { emptyMiB, caches, liveMiB };
  } finally {
    await miniflare.dispose();
  }
}
