import { expect, it } from "vitest";
import { completed } from "../../../src/kernel/completed.ts";

it("is made once, and the same for everybody after that", async () => {
  let made = 0;
  const get = completed(async () => ({ number: ++made }));
  const first = await get();
  expect([await get(), await get()]).toEqual([first, first]);
  expect(made).toBe(1);
});

it("a making that fails is tried again by the next who asks", async () => {
  let tries = 0;
  const get = completed(async () => {
    tries += 1;
    if (tries === 1) throw new Error("not yet");
    return { tries };
  });
  await expect(get()).rejects.toThrow("not yet");
  expect(await get()).toEqual({ tries: 2 });
});

it("a making that never ends, because its request was cut off, holds up nobody else", async () => {
  let calls = 0;
  const get = completed(() => {
    calls += 1;
    return calls === 1 ? new Promise<never>(() => undefined) : Promise.resolve({ calls });
  });
  void get();
  expect(await get()).toEqual({ calls: 2 });
});
