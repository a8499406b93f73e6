import * as z from "zod";
import type { ListedRoute } from "../managing/route_inventory.ts";
import type { ListPosition } from "../ports/clients.ts";
import type { UnlistedCall } from "../ports/unlisted_calls.ts";
import { shown, shownPage } from "./answers.ts";
import { isoTime, pageQuery, timeShape } from "./field_shapes.ts";
import { NO_BODY, type Operation, operation } from "./operation.ts";

/** So many of the shapes of unlisted calls are shown: those called most often. */
const MOST_UNLISTED = 100;

const routeShape = z.strictObject({
  id: z.string().describe("The `route` of the log's decisions."),
  path: z.string(),
  methods: z.array(z.string()),
  version: z.string().nullable(),
  origin: z.string().describe("The origin's name in the configuration."),
  public: z.boolean().describe("Open to anyone, without a look at credentials."),
  credentials: z.array(z.string()).describe("What opens it; empty where it is public."),
  scopes: z.array(z.string()).describe("All of these are demanded."),
  roles: z.array(z.string()).describe("One of these is demanded."),
  limits: z.array(z.string()),
  state: z.enum(["live", "deprecated", "gone"]).describe("`gone`: it answers 410."),
  deprecation: z.strictObject({ since: timeShape, sunset: timeShape, successor: z.string() }).nullable(),
  warnings: z
    .array(z.enum(["past_sunset", "ends_soon"]))
    .describe("`past_sunset`: nothing but 410 comes of it, so that it can go. `ends_soon`: within thirty days."),
});

const unlistedCallShape = z.strictObject({
  kind: z.enum(["path", "method"]).describe("No route lists the path, or none lists the method there."),
  method: z.string().describe("`OTHER`: one that no route could list. `*`: there was no room to tell them apart."),
  path: z
    .string()
    .describe("The path's shape: `:` stands for ids and the like. `*`: there was no room to tell them apart."),
  calls: z.int(),
  first_seen: timeShape,
  last_seen: timeShape,
});

export const routeListShape = z.strictObject({
  data: z.array(routeShape),
  next_cursor: z.string().nullable(),
  unlisted: z.array(unlistedCallShape).describe("Calls to what no route lists, the most frequent first."),
});

const list = operation({
  id: "list_routes",
  method: "GET",
  path: "/routes",
  summary: "List the gateway's routes in the order of the configuration, and what is called although no route lists it",
  status: 200,
  answer: routeListShape,
  faults: [],
  body: NO_BODY,
  query: pageQuery,
  async handle({ query, nowMs }, { inventory }) {
    const routes = inventory.routes(nowMs).map((route, at) => ({ route, id: String(at + 1), createdAtMs: 0 }));
    const after = (position: ListPosition | null) => (position === null ? 0 : Number(position.id));
    const page = await shownPage(
      query,
      parsePlace,
      async (limit, position) => routes.slice(after(position), after(position) + limit),
      ({ route }) => showRoute(route),
    );
    if (!page.ok) return page;
    const unlisted = await inventory.unlisted.list(MOST_UNLISTED);
    return shown({ ...page.value.body, unlisted: unlisted.map(showUnlisted) });
  },
});

/** Routes are numbered as they stand. */
function parsePlace(text: string): string | null {
  return /^[1-9]\d{0,5}$/.test(text) ? text : null;
}

function showRoute({ isPublic, deprecation, ...route }: ListedRoute): z.output<typeof routeShape> {
  const { id, path, version, origin, state } = route;
  return {
    id,
    path,
    methods: [...route.methods],
    version,
    origin,
    public: isPublic,
    credentials: [...route.credentials],
    scopes: [...route.scopes],
    roles: [...route.roles],
    limits: [...route.limits],
    state,
    deprecation:
      deprecation === null
        ? null
        : {
            since: isoTime(deprecation.sinceMs),
            sunset: isoTime(deprecation.sunsetMs),
            successor: deprecation.successor,
          },
    warnings: [...route.warnings],
  };
}

function showUnlisted({
  kind,
  method,
  path,
  calls,
  firstMs,
  lastMs,
}: UnlistedCall): z.output<typeof unlistedCallShape> {
  return { kind, method, path, calls, first_seen: isoTime(firstMs), last_seen: isoTime(lastMs) };
}

export const routeOperations: readonly Operation[] = [list];
