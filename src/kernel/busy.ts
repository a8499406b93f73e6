/** Too much work waits already: try again later. Becomes 503 with `Retry-After`. */
export class Busy extends Error {
  override readonly name = "Busy";
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super("busy");
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
