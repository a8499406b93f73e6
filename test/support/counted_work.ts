import { Argon2Passwords } from "../../src/adapters/argon2_passwords.ts";
import { HashQueue } from "../../src/adapters/hash_queue.ts";
import type { Environment } from "../../src/bindings.ts";
import { platformRandom } from "../../src/kernel/random.ts";
import type { Passwords } from "../../src/ports/passwords.ts";
import type { Argon2Cost } from "../../src/protocol/phc_string.ts";
import { bindings } from "./issuer_world.ts";

/** What an isolate does that takes time somebody could measure, in the order in which it was begun. */
export interface CountedWork {
  /** The real bindings, with each call to one written down. */
  readonly bindings: Environment;
  /** Argon2id without its price: what would be computed is written down. */
  readonly passwords: Passwords;
  /** Runs `act` and says what was done for it, and behind it. */
  of<T>(act: () => Promise<T>): Promise<{ readonly outcome: T; readonly done: readonly string[] }>;
}

interface Step {
  readonly call: string;
  /** Whether it changed what is stored, which a store waits for; false where that is not known. */
  wrote: boolean;
}

/**
 * Work, counted: statements of D1 with their text and whether they wrote, calls to Durable Objects with the kind of their name, of KV, of
 * queues, of mail, and password hashes with their cost.
 */
export function countedWork(cost: Argon2Cost, more: Environment = {}): CountedWork {
  const steps: Step[] = [];
  const note = (call: string): Step => {
    const step = { call, wrote: false };
    steps.push(step);
    return step;
  };
  const counted = Object.entries({ ...bindings, ...more }).map(([name, value]) => {
    if (typeof value !== "object" || value === null) return [name, value];
    return [name, name === "DB" ? countedDatabase(value as D1Database, note) : countedBinding(name, value, note)];
  });
  return {
    bindings: Object.fromEntries(counted) as Environment,
    passwords: countedPasswords(cost, note),
    async of(act) {
      steps.length = 0;
      const outcome = await act();
      return { outcome, done: steps.map(({ call, wrote }) => (wrote ? `${call} [wrote]` : call)) };
    },
  };
}

type Note = (call: string) => Step;

function countedPasswords(cost: Argon2Cost, note: Note): Passwords {
  return new Argon2Passwords({
    ...cost,
    random: platformRandom,
    queue: new HashQueue(),
    compute({ password, salt, parallelism, passes, memorySize, tagLength }) {
      note(
        `argon2id of ${password.length} bytes, salt ${salt.length}: ${memorySize} KiB, ${passes} times, ${parallelism}`,
      );
      return cheapTag(password, salt, tagLength);
    },
  });
}

/** Tells passwords and salts apart, and is no hash otherwise. */
function cheapTag(password: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  const tag = new Uint8Array(length);
  for (const [at, byte] of [...password, ...salt].entries()) {
    const place = at % length;
    tag[place] = ((tag[place] ?? 0) * 31 + byte) % 251;
  }
  return tag;
}

/** A binding, or an object of a namespace. What an object is called after the last colon is a digest, and left out. */
function countedBinding<T extends object>(name: string, target: T, note: Note): T {
  return new Proxy(target, {
    get(_, member) {
      const value: unknown = Reflect.get(target, member);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        if (member === "getByName") {
          const kind = String(args[0]).split(":").slice(0, -1).join(":");
          return countedBinding(`${name}(${kind})`, Reflect.apply(value, target, args) as object, note);
        }
        note(`${name}.${String(member)}`);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** The statement that stands behind a counted one: a batch takes those alone. */
const behind = new WeakMap<object, { readonly sql: string; readonly statement: D1PreparedStatement }>();

function countedDatabase(db: D1Database, note: Note): D1Database {
  const wrap = (sql: string, statement: D1PreparedStatement): D1PreparedStatement => {
    const runs = ["run", "all", "raw", "first"] as const;
    const counted = {
      bind: (...values: unknown[]) => wrap(sql, statement.bind(...values)),
      ...Object.fromEntries(
        runs.map((run) => [
          run,
          async (...args: unknown[]) => {
            const step = note(`DB.${run} ${sql}`);
            const answer: unknown = await Reflect.apply(statement[run], statement, args);
            step.wrote = wrote(answer);
            return answer;
          },
        ]),
      ),
    } as unknown as D1PreparedStatement;
    behind.set(counted, { sql, statement });
    return counted;
  };
  return {
    prepare: (sql: string) => wrap(oneLine(sql), db.prepare(sql)),
    async batch(statements: readonly D1PreparedStatement[]) {
      const known = statements.map((one) => {
        const found = behind.get(one);
        if (found === undefined) throw new Error("a statement that nobody counted");
        return found;
      });
      const step = note(`DB.batch ${known.map(({ sql }) => sql).join("; ")}`);
      const answers = await db.batch(known.map(({ statement }) => statement));
      step.wrote = answers.some(wrote);
      return answers;
    },
  } as unknown as D1Database;
}

function wrote(answer: unknown): boolean {
  const { meta } = (answer ?? {}) as {
    readonly meta?: { readonly changed_db?: boolean; readonly rows_written?: number };
  };
  return meta?.changed_db === true || (meta?.rows_written ?? 0) > 0;
}

function oneLine(sql: string): string {
  return sql.replace(/\s+/g, " ").trim();
}
