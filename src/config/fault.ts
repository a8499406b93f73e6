/** One thing wrong with a configuration: where (`routes[2].scopes[0]`) and why. */
export interface ConfigFault {
  readonly path: string;
  readonly reason: string;
}
