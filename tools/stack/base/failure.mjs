import { existsSync, readFileSync } from 'node:fs';

const shownLogLines = 25;

/** What stops a start: a sentence for the person, and the log that says more. */
export class StackFailure extends Error {
  /**
   * @param {string} message what failed and what to do
   * @param {{logFile?: string, cause?: unknown}} [details]
   */
  constructor(message, { logFile, cause } = {}) {
    super(message, { cause });
    this.logFile = logFile;
  }
}

/** A stop was asked for while something was under way. */
export class Interrupted extends Error {
  constructor() {
    super('stopped before it was ready');
  }
}

/** The last lines of a log, indented; empty where there is none. */
function logTail(logFile, lines = shownLogLines) {
  if (!logFile || !existsSync(logFile)) return '';
  const text = readFileSync(logFile, 'utf8').trimEnd();
  if (text === '') return '';
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join('\n');
}

/** A failure as it is shown: the sentence, then the end of its log and where the rest is. */
export function describeFailure(error) {
  if (error instanceof Interrupted) return error.message;
  if (!(error instanceof StackFailure)) return error?.stack ?? String(error);
  const cause =
    error.cause instanceof Error && error.cause.message ? ` (${error.cause.message})` : '';
  const tail = logTail(error.logFile);
  return `${error.message}${cause}${tail ? `\n${tail}\n    … ${error.logFile}` : ''}`;
}
