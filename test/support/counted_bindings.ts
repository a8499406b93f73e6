import { env } from "cloudflare:workers";
import { type Environment, readBindings } from "../../src/bindings.ts";
import { endSilences, silence } from "./silence.ts";

/** All bindings of an isolate, with every call to one of them written down. */
export interface CountedBindings {
  readonly env: Environment;
  /** Calls as `BINDING.method`, in the order in which they were begun. */
  readonly calls: string[];
  /** Whether calls get no answer from now on. */
  isSilent: boolean;
  /** Ends the calls that were left without an answer. */
  giveUp(): void;
}

/** The real bindings and what `more` adds, counted: stores, objects (by whichever name), queues, other Workers. */
export function countedBindings(more: object = {}): CountedBindings {
  const counted = { calls: [] as string[], isSilent: false, giveUp: endSilences };
  const bound = Object.entries({ ...readBindings(env), ...more });
  const wrapped = bound.map(([name, value]) => [
    name,
    typeof value === "object" && value !== null ? counting(name, value, counted) : value,
  ]);
  return Object.assign(counted, { env: Object.fromEntries(wrapped) as Environment });
}

type Counter = Pick<CountedBindings, "calls" | "isSilent">;

function counting<T extends object>(name: string, target: T, counter: Counter): T {
  return new Proxy(target, {
    get(_, member) {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        // Naming an object calls nobody.
        if (member === "getByName") return counting(name, Reflect.apply(value, target, args) as object, counter);
        counter.calls.push(`${name}.${String(member)}`);
        if (counter.isSilent) return silence();
        return Reflect.apply(value, target, args);
      };
    },
  });
}
