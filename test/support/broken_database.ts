import { backstage } from "./issuer_world.ts";

function broken(): never {
  throw new Error("D1 is broken by the test");
}

/** A D1 in which statements can be prepared and no batch of them runs, while `isBroken` says so. */
export function databaseThat(isBroken: () => boolean): D1Database {
  return brokenDatabase(isBroken, { batch: async () => broken() });
}

/** A D1 in which statements can be prepared and none runs, alone or in a batch. */
export function noDatabase(): D1Database {
  const fails = async () => broken();
  const statement = { bind: () => statement, first: fails, all: fails, run: fails };
  return brokenDatabase(() => true, { batch: fails, prepare: () => statement });
}

/** A D1 in which no statement that names `table` runs. */
export function databaseWithout(table: string): D1Database {
  const fails = async () => broken();
  const statement = { bind: () => statement, first: fails, all: fails, run: fails };
  return new Proxy(backstage.db, {
    get(target, name) {
      if (name === "prepare") return (sql: string) => (sql.includes(table) ? statement : target.prepare(sql));
      const member: unknown = Reflect.get(target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

function brokenDatabase(isBroken: () => boolean, members: Readonly<Record<string, () => unknown>>): D1Database {
  return new Proxy(backstage.db, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (isBroken() ? members[String(name)] : undefined) ?? member.bind(target);
    },
  });
}
