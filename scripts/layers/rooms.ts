/** How a room may use another: all of it, or its types alone, which leave no trace at run time. */
export type Use = "all" | "types";

/** What one room may import. */
export interface RoomRule {
  readonly rooms: Readonly<Partial<Record<string, Use>>>;
  /** Names of packages; a package's subpaths go with it. */
  readonly packages: readonly string[] | "any";
}

const NO_PACKAGES: readonly string[] = [];
const PURE: RoomRule = { rooms: { kernel: "all" }, packages: NO_PACKAGES };
const USE_CASES: RoomRule = {
  rooms: { ports: "types", config: "types", protocol: "all", policy: "all", limits: "all", kernel: "all" },
  packages: NO_PACKAGES,
};
const APP = { ports: "types", config: "types", http: "all", protocol: "all", policy: "all", kernel: "all" } as const;
const EVERY_ROOM = {
  kernel: "all",
  openapi: "all",
  protocol: "all",
  policy: "all",
  rules: "all",
  limits: "all",
  config: "all",
  ports: "all",
  issuing: "all",
  access: "all",
  managing: "all",
  objects: "all",
  adapters: "all",
  http: "all",
  issuer: "all",
  authorizer: "all",
  admin: "all",
  bindings: "all",
  wiring: "all",
  "sallyport.config": "all",
} as const;

/**
 * Who may import whom: the list of the design's chapter on rooms, as data. A room may always import itself; what is not
 * here is refused. Nobody lists `entry`: an entry is imported by no one.
 */
export const ROOMS: Readonly<Partial<Record<string, RoomRule>>> = {
  kernel: { rooms: {}, packages: NO_PACKAGES },
  protocol: PURE,
  policy: PURE,
  limits: PURE,
  // Paths and header names are the gate's: it reads them once, for everybody.
  openapi: { rooms: { policy: "all", kernel: "all" }, packages: NO_PACKAGES },
  // One file of it knows the package.
  rules: { rooms: { policy: "all", kernel: "all" }, packages: ["@marcbachmann/cel-js"] },
  // Scopes and algorithms are named in the configuration and defined by the protocol.
  config: {
    rooms: { openapi: "all", policy: "all", rules: "all", limits: "all", protocol: "all", kernel: "all" },
    packages: ["zod"],
  },
  ports: {
    rooms: { config: "types", policy: "types", limits: "types", protocol: "types", kernel: "types" },
    packages: NO_PACKAGES,
  },
  issuing: USE_CASES,
  // What a route holds its callers to is a part of the route.
  access: { ...USE_CASES, rooms: { ...USE_CASES.rooms, openapi: "types" } },
  managing: USE_CASES,
  objects: {
    rooms: { protocol: "all", limits: "all", ports: "types", kernel: "all" },
    packages: ["cloudflare:workers"],
  },
  // The limiters in memory and over Upstash run the same pure reducers as the object does.
  adapters: {
    rooms: { ports: "all", config: "types", protocol: "all", policy: "all", limits: "all", kernel: "all" },
    packages: "any",
  },
  http: { rooms: { kernel: "all" }, packages: ["hono"] },
  issuer: { rooms: { ...APP, issuing: "all" }, packages: ["hono"] },
  // The gate writes the limits' response fields.
  // What other Workers put into apps of their own: it asks, and decides nothing.
  middleware: { rooms: { ports: "types", policy: "types", http: "all", kernel: "all" }, packages: ["hono"] },
  authorizer: { rooms: { ...APP, access: "all", limits: "all", openapi: "all" }, packages: NO_PACKAGES },
  admin: { rooms: { ...APP, managing: "all" }, packages: ["hono", "@hono/zod-openapi", "zod"] },
  // Bindings of Durable Objects carry the type of the object behind them.
  bindings: {
    rooms: { config: "all", kernel: "all", objects: "types", ports: "types" },
    packages: NO_PACKAGES,
  },
  wiring: { rooms: EVERY_ROOM, packages: ["hono", "cloudflare:workers"] },
  entry: { rooms: EVERY_ROOM, packages: ["hono", "cloudflare:workers"] },
  "sallyport.config": { rooms: { config: "all" }, packages: NO_PACKAGES },
};

const TOP_FILES: Readonly<Partial<Record<string, string>>> = {
  "sallyport.config.ts": "sallyport.config",
  "sallyport.openapi.ts": "sallyport.config",
  "sallyport.policy.ts": "sallyport.config",
  "src/worker.ts": "entry",
  "src/issuer.worker.ts": "entry",
  "src/authorizer.worker.ts": "entry",
  "src/bindings.ts": "bindings",
  "src/compose.ts": "wiring",
  "src/dispatch.ts": "wiring",
};

/** Folders whose room has another name. */
const FOLDERS: Readonly<Partial<Record<string, string>>> = { compose: "wiring" };

/** The room of a file by its path from the root, or null for a file that belongs to none. */
export function roomOf(path: string): string | null {
  const top = TOP_FILES[path];
  if (top !== undefined) return top;
  const folder = /^src\/([^/]+)\/./.exec(path)?.[1];
  if (folder !== undefined && FOLDERS[folder] !== undefined) return FOLDERS[folder];
  return folder !== undefined && folder in ROOMS && !Object.values(TOP_FILES).includes(folder) ? folder : null;
}
