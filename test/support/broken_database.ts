import { backstage } from "./issuer_world.ts";

/** A D1 in which statements can be prepared and none of them runs, while `isBroken` says so. */
export function databaseThat(isBroken: () => boolean): D1Database {
  return new Proxy(backstage.db, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      const breaks = name === "batch" && isBroken();
      return breaks ? () => Promise.reject(new Error("D1 is broken by the test")) : member.bind(target);
    },
  });
}
