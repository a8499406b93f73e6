import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { PublishedKeyCache } from "../../../src/adapters/published_key_cache.ts";
import type { PublishedKeys } from "../../../src/ports/key_ring.ts";

const T0 = 1_800_000_000_000;
const keys = (version: number): PublishedKeys => ({ version, keys: [] });

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A cache over a ring whose answers the test gives. */
function ringed() {
  const ring = vi.fn<() => Promise<PublishedKeys>>(async () => keys(1));
  return { ring, cache: new PublishedKeyCache({ published: ring }) };
}

const silence = () => new Promise<never>(() => undefined);

it("a ring that hangs keeps a reader waiting for a second, and then not at all for two", async () => {
  const { ring, cache } = ringed();
  await cache.read(T0, 1);
  ring.mockImplementation(silence);
  const reading = cache.read(T0 + 11_000, 1);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await reading).toEqual(keys(1));
  expect(await cache.read(T0 + 11_001, 1), "at once").toEqual(keys(1));
  expect(ring).toHaveBeenCalledTimes(2);
  ring.mockImplementation(async () => keys(2));
  expect(await cache.read(T0 + 13_000, 1), "as soon as it is asked again").toEqual(keys(2));
});

it("an answer that comes late is taken, and no older one comes after it", async () => {
  const { ring, cache } = ringed();
  await cache.read(T0, 1);
  const { promise, resolve } = Promise.withResolvers<PublishedKeys>();
  ring.mockReturnValueOnce(promise);
  const reading = cache.read(T0 + 11_000, 1);
  await vi.advanceTimersByTimeAsync(1_000);
  await reading;
  ring.mockImplementation(async () => keys(3));
  expect(await cache.read(T0 + 13_000, 1)).toEqual(keys(3));
  resolve(keys(2));
  await vi.advanceTimersByTimeAsync(0);
  expect(await cache.read(T0 + 13_001, 1)).toEqual(keys(3));
});

it("keys that were withdrawn are not shown while the ring can still be waited for", async () => {
  const { ring, cache } = ringed();
  await cache.read(T0, 1);
  const { promise, resolve } = Promise.withResolvers<PublishedKeys>();
  ring.mockReturnValueOnce(promise);
  const reading = cache.read(T0 + 1, 2);
  await vi.advanceTimersByTimeAsync(1_000);
  resolve(keys(2));
  expect(await reading).toEqual(keys(2));
});

it("without any, and with those that are older than an hour, the failure is told", async () => {
  const { ring, cache } = ringed();
  ring.mockRejectedValueOnce(new Error("down"));
  await expect(cache.read(T0, 0)).rejects.toThrow("down");
  expect(await cache.read(T0 + 1, 0), "the next asks anew").toEqual(keys(1));
  ring.mockRejectedValue(new Error("down"));
  await expect(cache.read(T0 + 3_700_000, 0)).rejects.toThrow("down");
});
