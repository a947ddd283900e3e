import { Interrupted } from '../base/failure.mjs';

/**
 * Runs all at once. The first that fails interrupts the others; nothing is under way any more when
 * this returns or throws, so that what they started can be ended.
 *
 * @param {{abort: () => void}} context
 * @param {(() => Promise<T>)[]} tasks
 * @returns {Promise<T[]>}
 * @template T
 */
export async function together(context, tasks) {
  const outcomes = await Promise.allSettled(
    tasks.map(async (task) => {
      try {
        return await task();
      } catch (error) {
        context.abort();
        throw error;
      }
    }),
  );
  const errors = outcomes.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  if (errors.length > 0) throw errors.find((error) => !(error instanceof Interrupted)) ?? errors[0];
  return outcomes.map(({ value }) => value);
}
