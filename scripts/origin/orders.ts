import { sendJson, sendProblem } from "./answers.ts";
import { type OriginCall, readJsonObject } from "./call.ts";

interface Order {
  readonly id: string;
  readonly item: string;
  readonly quantity: number;
  readonly status: "open" | "approved";
  /** Whose managers may approve it. */
  readonly department: string;
  /** The subject who ordered, as the gateway vouched for it. */
  readonly orderedBy: string;
}

const MAX_ORDERS = 1000;

/** Orders in memory; gone when the origin ends. */
export interface Orders {
  list(call: OriginCall): void;
  create(call: OriginCall): Promise<void>;
  approve(call: OriginCall): void;
  /** What the gate asks for before it lets anybody approve. */
  describe(call: OriginCall): void;
}

function isOrderBody(body: Record<string, unknown>): body is { item: string; quantity: number } {
  const { item, quantity } = body;
  return typeof item === "string" && item !== "" && Number.isInteger(quantity) && Number(quantity) > 0;
}

/** A book of orders with two in it. */
export function openOrders(): Orders {
  const orders = new Map<string, Order>();
  const add = (item: string, quantity: number, orderedBy: string, department: string): Order => {
    const order: Order = { id: `ord_${orders.size + 1}`, item, quantity, status: "open", department, orderedBy };
    orders.set(order.id, order);
    return order;
  };
  add("gate hinge", 2, "demo", "sales");
  add("iron bar", 12, "demo", "engineering");
  return {
    list: ({ response }) => sendJson(response, 200, { orders: [...orders.values()] }),
    create: async (call) => {
      const body = await readJsonObject(call);
      if (body === null) return;
      if (!isOrderBody(body)) {
        const detail = "`item` has to be a text that is not empty, `quantity` a positive integer.";
        return sendProblem(call.response, 400, "Bad Request", detail);
      }
      if (orders.size >= MAX_ORDERS)
        return sendProblem(call.response, 507, "Insufficient Storage", "The book is full.");
      sendJson(call.response, 201, add(body.item, body.quantity, call.identity.sub ?? "", "sales"));
    },
    approve: ({ response, params }) => {
      const order = orders.get(params.id ?? "");
      if (order === undefined) return sendProblem(response, 404, "Not Found", "There is no such order.");
      const approved: Order = { ...order, status: "approved" };
      orders.set(order.id, approved);
      sendJson(response, 200, approved);
    },
    describe: ({ response, params }) => {
      const order = orders.get(params.id ?? "");
      if (order === undefined) return sendProblem(response, 404, "Not Found", "There is no such order.");
      sendJson(response, 200, { department: order.department });
    },
  };
}
