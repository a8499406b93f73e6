import { Hono } from "hono";
import { type SallyportEnv, sallyport } from "../../src/middleware/sallyport.ts";
import type { Authorization } from "../../src/ports/authorization.ts";

/** An app of another Worker, with the gate before it over a service binding. It tells what it was given. */
type AppEnv = SallyportEnv & { Bindings: { readonly AUTHORIZER: Authorization } };

const app = new Hono<AppEnv>();
app.use(sallyport({ authorizer: (c) => c.env.AUTHORIZER }));
app.all("*", async (c) => {
  const { principal, authorization } = c.var;
  return c.json({ principal, identity: authorization.identity, route: authorization.route, body: await c.req.text() });
});

export default app;
