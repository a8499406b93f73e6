import type { ConfigInput } from "../../src/config/schema.ts";
import { gatewayConfig } from "./gateway_config.ts";

const person = {
  type: "object",
  required: ["id", "name", "salary"],
  properties: {
    id: { type: "string", readOnly: true },
    name: { type: "string", maxLength: 40 },
    email: { type: "string", "x-sallyport-visible-to": ["role:hr", "orders:write"] },
    salary: {
      type: "number",
      "x-sallyport-visible-to": ["role:hr", "permission:person:read_salary"],
      "x-sallyport-writable-by": ["permission:person:set_salary"],
    },
    reviews: {
      type: "array",
      items: {
        type: "object",
        properties: { text: { type: "string" }, score: { type: "number", "x-sallyport-writable-by": ["role:hr"] } },
      },
    },
  },
};

const PERSON = { $ref: "#/components/schemas/Person" };
const content = { "application/json": { schema: PERSON } };
const whole = { "200": { description: "", content }, "204": { description: "" } };
const patch = { "application/json": { schema: PERSON }, "application/merge-patch+json": { schema: PERSON } };

/** An API of people with fields that are for some alone. */
export const PEOPLE: NonNullable<ConfigInput["openapi"]>[string] = {
  openapi: "3.1.0",
  info: { title: "People", version: "1" },
  paths: {
    "/people": {
      post: { requestBody: { required: true, content }, responses: { "201": { description: "", content } } },
    },
    "/people/{id}": {
      parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }],
      get: { responses: { "200": { description: "", content } } },
      put: { requestBody: { required: true, content }, responses: whole },
      patch: { requestBody: { required: true, content: patch }, responses: whole },
    },
  },
  components: { schemas: { Person: person } },
};

/** The test installation with the people's routes: strict ones, and below `/drop` those that drop. */
export function fieldConfig(document: typeof PEOPLE = PEOPLE): ConfigInput {
  const config = gatewayConfig();
  const openapi = { document: "people" } as const;
  const drop = { ...openapi, unwritable: "drop", leftOut: "kept" } as const;
  const route = { origin: "main", maxBodyBytes: 64 * 1024 } as const;
  return {
    ...config,
    openapi: { people: document },
    routes: [
      ...config.routes,
      { ...route, path: "/people", methods: ["POST"], openapi },
      { ...route, path: "/people/:id", methods: ["GET", "PUT", "PATCH"], openapi },
      {
        ...route,
        path: "/public/people/:id",
        methods: ["GET"],
        public: true,
        openapi: { ...openapi, path: "/people/{id}" },
      },
      {
        ...route,
        path: "/drop/people",
        methods: ["POST"],
        openapi: { ...openapi, unwritable: "drop", path: "/people" },
      },
      { ...route, path: "/drop/people/:id", methods: ["PUT", "PATCH"], openapi: { ...drop, path: "/people/{id}" } },
    ],
  };
}
