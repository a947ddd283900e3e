/** Exit codes of the command line; a job's own codes are passed through beside them. */
export const exitCodes = { failed: 1, usage: 64, serverAway: 69 } as const;

/** A refusal the person can act on: printed as one sentence, without a stack trace. */
export class CliFailure extends Error {
  constructor(
    readonly exitCode: number,
    message: string,
  ) {
    super(message);
  }
}

const awayCodes = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'EHOSTUNREACH', 'EPIPE'],
  // Postgres: starting up, shutting down, connection lost or refused.
  ...['57P01', '57P02', '57P03', '08000', '08001', '08003', '08004', '08006'],
]);
const causeDepthLimit = 5;

/** Whether an error says that a server could not be reached, however deep its cause lies. */
export function isServerAway(error: unknown, depth = 0): boolean {
  if (depth > causeDepthLimit || !(error instanceof Error)) return false;
  const { code, cause } = error as NodeJS.ErrnoException;
  if (code !== undefined && awayCodes.has(code)) return true;
  const inner = error instanceof AggregateError ? (error.errors as unknown[]) : [];
  return [cause, ...inner].some((each) => isServerAway(each, depth + 1));
}

/** Prints what went wrong and returns the exit code that says so. */
export function reportFailure(error: unknown): number {
  if (error instanceof CliFailure) {
    console.error(error.message);
    return error.exitCode;
  }
  const text = error instanceof Error ? error.message || error.name : String(error);
  if (isServerAway(error)) {
    console.error(`A server is away: ${text}. Is the stack running? \`npm start\` starts it.`);
    return exitCodes.serverAway;
  }
  console.error(text);
  return exitCodes.failed;
}
