import * as z from "zod";
import { configSchema } from "../../src/config/schema.ts";

/** Prints the JSON Schema of what an author writes (defaults not yet filled in). */
export function schemaCommand(): number {
  console.log(JSON.stringify(z.toJSONSchema(configSchema, { io: "input" }), null, 2));
  return 0;
}
