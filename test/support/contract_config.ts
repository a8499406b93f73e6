import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig } from "./gateway_config.ts";

const item = {
  type: "object",
  required: ["id", "name"],
  properties: {
    id: { type: "string", readOnly: true },
    name: { type: "string", minLength: 1, maxLength: 40, pattern: "^[a-z][a-z0-9 ]*$" },
    count: { type: "integer", minimum: 1, maximum: 100 },
    password: { type: "string", writeOnly: true },
    cost: { type: "number", "x-sallyport-visible-to": ["orders:write"] },
    owner: {
      type: "object",
      properties: {
        id: { type: "string" },
        ssn: { type: "string", "x-sallyport-visible-to": ["orders:write"] },
      },
    },
    tags: { type: "array", items: { type: "string" }, maxItems: 3 },
    parent: { $ref: "#/components/schemas/Item" },
  },
};

const list = {
  type: "object",
  required: ["items"],
  properties: { items: { type: "array", items: { $ref: "#/components/schemas/Item" } } },
};

/** An API of items, with a path for each kind of promise. */
export const ITEMS: NonNullable<ConfigInput["openapi"]>[string] = {
  openapi: "3.1.0",
  info: { title: "Items", version: "1" },
  paths: {
    "/items": {
      get: {
        parameters: [
          { name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 50 } },
          { name: "tag", in: "query", schema: { type: "array", items: { type: "string" }, maxItems: 2 } },
          {
            name: "state",
            in: "query",
            explode: false,
            schema: { type: "array", items: { enum: ["open", "done"], type: "string" } },
          },
          {
            name: "filter",
            in: "query",
            style: "deepObject",
            explode: true,
            schema: {
              type: "object",
              additionalProperties: false,
              properties: { min: { type: "integer" }, name: { type: "string" } },
            },
          },
          { name: "x-trace", in: "header", schema: { type: "string", maxLength: 8 } },
        ],
        responses: { "200": { description: "", content: { "application/json": { schema: list }, "text/csv": {} } } },
      },
      post: {
        requestBody: {
          required: true,
          content: {
            "application/json": { schema: { $ref: "#/components/schemas/Item" } },
            "application/x-www-form-urlencoded": {
              schema: {
                type: "object",
                required: ["name"],
                additionalProperties: false,
                properties: { name: { type: "string" }, count: { type: "integer" } },
              },
            },
            "application/octet-stream": {},
          },
        },
        responses: {
          "201": {
            description: "",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Item" } } },
          },
        },
      },
    },
    "/items/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "integer", maximum: 1000 } }],
      get: {
        responses: {
          "200": {
            description: "",
            content: { "application/json": { schema: { $ref: "#/components/schemas/Item" } } },
          },
          "4XX": {
            description: "",
            content: {
              "application/problem+json": { schema: { type: "object", properties: { title: { type: "string" } } } },
            },
          },
        },
      },
      delete: { responses: { "204": { description: "" } } },
    },
  },
  components: { schemas: { Item: item } },
};

/** The test installation with routes that are held to `document`; `/report/*` only tells of responses. */
export function contractConfig(document: typeof ITEMS = ITEMS): ConfigInput {
  const config = gatewayConfig();
  const openapi = { document: "items" } as const;
  const route = { origin: "main", openapi } as const;
  return {
    ...config,
    openapi: { items: document },
    routes: [
      ...config.routes,
      { ...route, path: "/items", methods: ["GET"] },
      { ...route, path: "/items", methods: ["POST"], maxBodyBytes: 64 * 1024 },
      {
        ...route,
        path: "/items/:key",
        methods: ["GET", "DELETE"],
        openapi: { ...openapi, path: "/items/{id}", maxResponseBytes: 4096 },
      },
      {
        ...route,
        path: "/report/items",
        methods: ["GET"],
        openapi: { ...openapi, path: "/items", responses: "report", unknownQuery: "pass" },
      },
      { origin: "main", path: "/pages", methods: ["GET"], public: true, pageSize: { parameter: "limit", max: 50 } },
      {
        origin: "main",
        path: "/clamped",
        methods: ["GET"],
        public: true,
        pageSize: { parameter: "limit", max: 50, over: "clamp", whenAbsent: 20 },
      },
    ],
  };
}
