/** What a log line may hold: words, numbers and ids. Never a credential, a claim set or a body. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

/** Writes one structured line (JSON, UTC time). JSON's escapes keep every value on its line. */
export function logEvent(event: string, fields: LogFields): void {
  console.info(JSON.stringify({ time: new Date().toISOString(), event, ...fields }));
}

/** Writes a line for operators about something that should not happen. The cause's message is ours, never input. */
export function logFault(event: string, fields: LogFields): void {
  console.error(JSON.stringify({ time: new Date().toISOString(), level: "error", event, ...fields }));
}
