let isHushed = false;

/**
 * kafkajs arms timers whose time is over; Node says so each time, and no reader can do anything
 * about it. Apps are started with a flag for this, the stack itself may be started without one.
 */
export function hushNegativeTimers() {
  if (isHushed) return;
  isHushed = true;
  const emitWarning = process.emitWarning;
  process.emitWarning = (warning, ...rest) => {
    const name = typeof rest[0] === 'object' ? rest[0]?.type : rest[0];
    if (name !== 'TimeoutNegativeWarning') emitWarning.call(process, warning, ...rest);
  };
}
