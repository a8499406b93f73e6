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
          if (state.health === "failing") return Promise.reject(new Error("broken by the test"));
          if (state.health === "silent") return new Promise(() => {});
          return Reflect.apply(member, target, args);
        };
      },
    });
  return Object.assign(state, { binding: wrap(real) });
}
