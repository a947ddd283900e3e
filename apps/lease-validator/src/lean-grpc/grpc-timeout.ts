const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 0.001,
  n: 0.000001,
};

/** The `grpc-timeout` of a call in whole milliseconds; undefined where it is none. */
export function timeoutMs(header: string): number | undefined {
  const [, amount, unit] = TIMEOUT.exec(header) ?? [];
  const unitMs = UNIT_MS[unit ?? ''];
  return unitMs === undefined ? undefined : Math.floor(Number(amount) * unitMs);
}
