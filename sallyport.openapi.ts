import type { ConfigInput } from "./src/config/schema.ts";

const order = {
  type: "object",
  required: ["id", "item", "quantity", "status"],
  properties: {
    id: { type: "string", pattern: "^ord_[0-9]{1,10}$", readOnly: true },
    item: { type: "string", minLength: 1, maxLength: 80 },
    quantity: { type: "integer", minimum: 1, maximum: 1000 },
    status: { type: "string", enum: ["open", "approved"], readOnly: true },
    // Who ordered is for those who may order.
    orderedBy: { type: "string", readOnly: true, "x-sallyport-visible-to": ["orders:write"] },
  },
  additionalProperties: false,
};

const orders = {
  type: "object",
  required: ["orders"],
  properties: { orders: { type: "array", items: { $ref: "#/components/schemas/Order" } } },
};

const answer = (schema: object) => ({ description: "The answer", content: { "application/json": { schema } } });
const problem = {
  description: "What went wrong",
  content: {
    "application/problem+json": {
      schema: {
        type: "object",
        properties: {
          type: { type: "string" },
          title: { type: "string" },
          status: { type: "integer" },
          detail: { type: "string" },
        },
      },
    },
  },
};

/** The demo's orders as OpenAPI 3.1 describes them. A document in JSON would do as well. */
export const ordersApi: NonNullable<ConfigInput["openapi"]>[string] = {
  openapi: "3.1.0",
  info: { title: "Orders", version: "2" },
  paths: {
    "/orders": {
      get: {
        operationId: "listOrders",
        security: [{ gate: ["orders:read"] }],
        parameters: [{ name: "limit", in: "query", schema: { type: "integer", minimum: 1, maximum: 100 } }],
        responses: { "200": answer(orders), "4XX": problem },
      },
      post: {
        operationId: "createOrder",
        security: [{ gate: ["orders:write"] }],
        requestBody: {
          required: true,
          content: { "application/json": { schema: { $ref: "#/components/schemas/Order" } } },
        },
        responses: { "201": answer({ $ref: "#/components/schemas/Order" }), "4XX": problem },
      },
    },
  },
  components: { schemas: { Order: order } },
};
