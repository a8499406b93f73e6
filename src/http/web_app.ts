/** What answers requests: an app of Hono's is one. */
export interface WebApp {
  fetch(request: Request, env: object, ctx: ExecutionContext): Response | Promise<Response>;
}
