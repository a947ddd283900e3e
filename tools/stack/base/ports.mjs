import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { StackFailure } from './failure.mjs';

/**
 * Below the range that systems hand to outgoing connections, so that none takes a port in between.
 */
const [firstFree, lastFree] = [20_000, 31_999];
const attempts = 200;

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => resolve(true));
    });
  });
}

/**
 * Hands out ports of the loopback, each at most once.
 *
 * @param {{useDefaults: boolean}} options `false`: never a default, for a stack beside another
 */
export function createPorts({ useDefaults }) {
  const handed = new Set();
  const claim = async (port) => {
    if (handed.has(port)) return false;
    handed.add(port);
    return isFree(port);
  };
  /** The wanted port where it is free, else any free one. */
  return async function takePort(wanted) {
    if (useDefaults && wanted !== undefined && (await claim(wanted))) return wanted;
    for (let attempt = 0; attempt < attempts; attempt += 1) {
      const port = randomInt(firstFree, lastFree + 1);
      if (await claim(port)) return port;
    }
    throw new StackFailure(`No free port between ${firstFree} and ${lastFree} on 127.0.0.1.`);
  };
}
