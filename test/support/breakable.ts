import { afterEach } from "vitest";

/** Calls that wait for an answer from a silent dependency. */
const waiting: (() => void)[] = [];

// A call left waiting would keep what waits for it from ending after its test.
afterEach(() => {
  for (const giveUp of waiting.splice(0)) giveUp();
});

/** How a dependency behaves: as it is, throwing at once, or never answering. */
export type Health = "well" | "failing" | "silent";

/** A binding that a test can break while it is used. */
export interface Breakable<T> {
  readonly binding: T;
  health: Health;
  /** Calls since it was made, whatever came of them. */
  calls: number;
}

/** `real`, breakable. Objects that it hands out by name break with it. */
export function breakable<T extends object>(real: T): Breakable<T> {
  const state: Breakable<T> = { binding: real, health: "well", calls: 0 };
  const wrap = <O extends object>(target: O): O =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (name === "getByName") return wrap(Reflect.apply(member, target, args));
          state.calls += 1;
          if (state.health === "failing") return broken(name);
          if (state.health === "silent") return silence();
          return Reflect.apply(member, target, args);
        };
      },
    });
  return Object.assign(state, { binding: wrap(real) });
}

/** As the platform fails: D1's statements are made at once, all else is a promise. */
function broken(name: string | symbol): Promise<never> {
  const error = new Error("broken by the test");
  if (name === "prepare") throw error;
  return Promise.reject(error);
}

function silence(): Promise<never> {
  return new Promise((_, reject) => {
    waiting.push(() => reject(new Error("the test is over")));
  });
}
