const marker = 'NUMBERING_BACKGROUND';

/** What tells a process that it is the background half of a start. */
export const backgroundMark = { [marker]: '1' };

/** Whether this process is the background half of a start. */
export const isBackgroundChild = process.env[marker] === '1' && process.send !== undefined;
// Not for the apps.
delete process.env[marker];

/** Tells the waiting parent; nothing where it is gone already. */
export function tellParent(message) {
  if (process.connected) process.send(message, () => undefined);
}
