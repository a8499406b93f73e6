import { posix } from "node:path";
import type { Import } from "./imports.ts";
import { ROOMS, type RoomRule, roomOf } from "./rooms.ts";

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

/** The path from the root that a relative `specifier` in `path` means, or null for a package. */
export function resolveImport(path: string, specifier: string): string | null {
  return specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : null;
}

function packageFault(room: string, rule: RoomRule, specifier: string): string | null {
  const name = packageOf(specifier);
  if (rule.packages === "any" || rule.packages.includes(name)) return null;
  const allowed = rule.packages.length === 0 ? "it may use none" : `it may use ${rule.packages.join(", ")}`;
  return `${room} uses the package ${name}; ${allowed}`;
}

function roomFault(room: string, rule: RoomRule, target: string, typeOnly: boolean): string | null {
  const other = roomOf(target);
  if (other === null) return `${room} imports ${target}, which is in no room`;
  if (other === room && room !== "entry") return null;
  const use = rule.rooms[other];
  if (use === undefined) return `${room} imports ${other} (${target}), which its row in the table does not allow`;
  if (use === "types" && !typeOnly) {
    return `${room} imports a value of ${other} (${target}); it may only \`import type\` from there`;
  }
  return null;
}

/** Why `one` in `path` breaks the table of rooms, or null when it does not. */
export function directionFault(path: string, one: Import): string | null {
  const room = roomOf(path);
  const rule = room === null ? undefined : ROOMS[room];
  if (room === null || rule === undefined) return null;
  const target = resolveImport(path, one.specifier);
  return target === null ? packageFault(room, rule, one.specifier) : roomFault(room, rule, target, one.typeOnly);
}
