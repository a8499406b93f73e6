/** The hosts under which a part of the system answers: its URL's own, and those named beside it. */
export function hostsOf(part: { readonly url: string; readonly hosts: readonly string[] }): readonly string[] {
  return [new URL(part.url).host, ...part.hosts];
}
