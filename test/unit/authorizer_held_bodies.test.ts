import { expect, it } from "vitest";
import { HeldBodies, type HeldBody } from "../../src/authorizer/held_bodies.ts";

const BOUNDS = { maxBytes: 100, withinMs: 60_000, sender: null };

function bodyOf(...chunks: readonly number[]): ReadableStream<Uint8Array> {
  const left = [...chunks];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.shift();
      return next === undefined ? controller.close() : controller.enqueue(new Uint8Array(next).fill(next));
    },
  });
}

const kind = async (held: HeldBody) => held.kind;

it("all bodies together keep to one bound, and give their room back when they are done with", async () => {
  const bodies = new HeldBodies(100);
  const held = Promise.withResolvers<void>();
  const first = bodies.with(bodyOf(40, 20), BOUNDS, async (body) => {
    await held.promise;
    return body.kind;
  });
  await bodies.with(bodyOf(0), BOUNDS, kind);
  expect(await bodies.with(bodyOf(50), BOUNDS, kind)).toBe("no_room");
  expect(await bodies.with(bodyOf(40), BOUNDS, kind)).toBe("whole");
  held.resolve();
  expect(await first).toBe("whole");
  expect(await bodies.with(bodyOf(100), BOUNDS, kind)).toBe("whole");
});

it("no sender fills it alone: others find room, and so does it again once it is done", async () => {
  const bodies = new HeldBodies(100);
  const greedy = { ...BOUNDS, sender: "user:greedy" };
  const held = Promise.withResolvers<void>();
  const first = bodies.with(bodyOf(20), greedy, () => held.promise);
  await bodies.with(bodyOf(0), BOUNDS, kind);
  expect(await bodies.with(bodyOf(10), greedy, kind)).toBe("no_room");
  expect(await bodies.with(bodyOf(5), greedy, kind)).toBe("whole");
  expect(await bodies.with(bodyOf(25), { ...BOUNDS, sender: "user:other" }, kind)).toBe("whole");
  expect(await bodies.with(bodyOf(60), BOUNDS, kind)).toBe("whole");
  held.resolve();
  await first;
  expect(await bodies.with(bodyOf(25), greedy, kind)).toBe("whole");
});

it("room comes back also where a body fails, or what is done with it does", async () => {
  const bodies = new HeldBodies(100);
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(60)),
    pull: (controller) => controller.error(new Error("gone")),
  });
  expect(await bodies.with(broken, BOUNDS, kind)).toBe("broken");
  const failing = bodies.with(bodyOf(60), BOUNDS, () => Promise.reject(new Error("ours")));
  await expect(failing).rejects.toThrow("ours");
  expect(await bodies.with(bodyOf(100), BOUNDS, kind)).toBe("whole");
});

it("of a body that is too large nothing is lost, and it is not held on", async () => {
  const bodies = new HeldBodies(100);
  const text = await bodies.with(bodyOf(60, 60, 7), BOUNDS, async (held) => {
    if (held.kind !== "too_large") throw new Error(held.kind);
    return (await new Response(held.rest).arrayBuffer()).byteLength;
  });
  expect(text).toBe(127);
  expect(await bodies.with(bodyOf(100), BOUNDS, kind)).toBe("whole");
});

it("a body that is late is given up, and its sender told to stop", async () => {
  let cancelled = false;
  const never = new ReadableStream<Uint8Array>({
    pull: () => new Promise(() => undefined),
    cancel: () => {
      cancelled = true;
    },
  });
  expect(await new HeldBodies(100).with(never, { ...BOUNDS, withinMs: 5 }, kind)).toBe("late");
  expect(cancelled).toBe(true);
});
