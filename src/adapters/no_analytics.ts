/**
 * In the place of the analytics that the library for limits brings along, wherever the gate is deployed (`alias` in wrangler.toml and
 * wrangler.authorizer.toml): it writes who called what into the database, and nothing here asks for it.
 */
export class Analytics {
  constructor() {
    throw new TypeError("there are no analytics");
  }
}
