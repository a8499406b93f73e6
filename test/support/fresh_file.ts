import unsafe from "workerd:unsafe";
import { vi } from "vitest";

/*
 * Test files share a runtime, because starting one for each of them takes longer than most of them run. So each file begins
 * here: with modules of its own, so that nothing another file left in one is seen, and with empty stores and objects. The
 * latter is what `reset` of `cloudflare:test` does; importing that one would evaluate the whole Worker once more.
 */
vi.useRealTimers();
vi.resetModules();
await unsafe.deleteAllDurableObjects();
