import { silence } from "./silence.ts";

/** How a dependency behaves: as it is, throwing at once, never answering, or answering what a test put into its mouth. */
export type Health = "well" | "failing" | "silent" | "lying";

/** A binding that a test can break while it is used. */
export interface Breakable<T> {
  readonly binding: T;
  health: Health;
  /** Calls since it was made, whatever came of them. */
  calls: number;
  /** What it answers to a call of `method` while it is lying. */
  lie: (method: string) => unknown;
}

/** `real`, breakable. Objects that it hands out by name break with it. `heard` hears of each call that will never be answered. */
export function breakable<T extends object>(real: T, heard: () => void = () => undefined): Breakable<T> {
  const state: Breakable<T> = { binding: real, health: "well", calls: 0, lie: () => undefined };
  const wrap = <O extends object>(target: O): O =>
    new Proxy(target, {
      get(_, name) {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...args: unknown[]) => {
          if (name === "getByName") return wrap(Reflect.apply(member, target, args));
          state.calls += 1;
          if (state.health === "failing") return broken(name);
          if (state.health === "silent") return name === "prepare" ? silentStatement(heard) : unanswered(heard);
          if (state.health === "lying")
            return name === "prepare" ? state.lie(name) : Promise.resolve(state.lie(String(name)));
          return Reflect.apply(member, target, args);
        };
      },
    });
  return Object.assign(state, { binding: wrap(real) });
}

const fails = () => Promise.reject(new Error("broken by the test"));

/** As the platform fails: a statement of D1 is made without asking anybody, and fails when it is run. */
function broken(name: string | symbol) {
  return name === "prepare" ? statementThat(fails) : fails();
}

/** A statement of D1, which is made at once and never answers. */
function silentStatement(heard: () => void) {
  return statementThat(() => unanswered(heard));
}

function statementThat(runs: () => Promise<never>) {
  const statement = { bind: () => statement, first: runs, all: runs, run: runs, raw: runs };
  return statement;
}

function unanswered(heard: () => void): Promise<never> {
  heard();
  return silence();
}
