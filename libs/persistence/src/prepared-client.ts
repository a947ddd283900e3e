import { createHash } from 'node:crypto';
import type { Writable } from 'node:stream';
import { Client, type QueryConfig } from 'pg';

/** Statements that one connection keeps prepared; what comes after them is planned each time. */
const MAX_PREPARED_STATEMENTS = 500;
const NAME_CHARS = 32;

/** One for the process: the SQL of the stores is a bounded set, written out. */
const names = new Map<string, string>();

/**
 * A connection that has each of its statements planned once and not at every call, which for short statements is most
 * of their cost. TypeORM has no name to give to a statement: its name here is its text's digest.
 */
export class PreparedClient extends Client {
  override query(...args: unknown[]): never {
    this.leaveTogether();
    const [text, values, ...rest] = args;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) {
      return super.query(...(args as [never])) as never;
    }
    const named: QueryConfig = { text, name: nameOf(text) };
    return super.query(named as never, values as never, ...(rest as [never])) as never;
  }

  /** Statements of one turn are one write to the socket: each write of its own costs more than what it carries. */
  private leaveTogether(): void {
    const { stream } = (this as unknown as { connection: { stream: Writable } }).connection;
    stream.cork();
    process.nextTick(() => stream.uncork());
  }
}

function nameOf(text: string): string | undefined {
  const known = names.get(text);
  if (known !== undefined || names.size >= MAX_PREPARED_STATEMENTS) return known;
  const name = createHash('sha256').update(text).digest('hex').slice(0, NAME_CHARS);
  names.set(text, name);
  return name;
}
