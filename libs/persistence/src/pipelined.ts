/**
 * The answers of statements that travel together, in the order in which they were sent.
 * @throws the error of the first that failed: those behind it in the transaction only say that it has failed (25P02)
 */
export async function pipelined<T extends readonly unknown[] | []>(
  statements: T,
): Promise<{ -readonly [P in keyof T]: Awaited<T[P]> }> {
  for (const each of await Promise.allSettled(statements)) {
    if (each.status === 'rejected') throw each.reason;
  }
  return Promise.all(statements);
}
