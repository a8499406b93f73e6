/** What a log line may hold: words, numbers and ids. Never a credential, a claim set or a body. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>;

/** Writes one structured line (JSON, UTC time). JSON's escapes keep every value on its line. */
export function logEvent(event: string, fields: LogFields): void {
  console.info(line(`"event":"${event}"`, fields));
}

/** Writes a line for operators about something that should not happen. The cause's message is ours, never input. */
export function logFault(event: string, fields: LogFields): void {
  console.error(line(`"level":"error","event":"${event}"`, fields));
}

/** The fields as they are behind what every line begins with: to make one object of both would cost each request a copy. */
function line(beginning: string, fields: LogFields): string {
  const members = JSON.stringify(fields).slice(1);
  return `{"time":"${new Date().toISOString()}",${beginning}${members === "}" ? "" : ","}${members}`;
}
