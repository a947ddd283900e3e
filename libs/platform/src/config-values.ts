// How each kind of setting is read from its text, and what is said when it cannot be.
import { accessSync, constants } from 'node:fs';
import { z } from 'zod';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNIT_MS = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
const MAX_PORT = 65_535;

/**
 * A setting: `read` turns its text into a value, or into undefined where it cannot. The message of
 * a fault is what is wanted; what is wrong is added where the text is known not to be a secret.
 */
function setting<T>(wanted: string, read: (text: string) => T | undefined) {
  return z.string({ error: wanted }).transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: wanted });
    return z.NEVER;
  });
}

/** A duration, read to milliseconds, from `min` to `max` (both as an operator writes them). */
export function duration(min: string, max: string) {
  const [minMs = 0, maxMs = 0] = [min, max].map(durationMs);
  return setting(`a duration from ${min} to ${max}, such as 900s, 5m, 24h or 90d`, (text) => {
    const ms = durationMs(text);
    return ms !== undefined && ms >= minMs && ms <= maxMs ? ms : undefined;
  });
}

/** A duration, or `off`. */
export function durationOrOff(min: string, max: string) {
  const whenOn = duration(min, max);
  return setting(`off, or a duration from ${min} to ${max}, such as 60s or 5m`, (text) =>
    text === 'off' ? ('off' as const) : whenOn.safeParse(text).data,
  );
}

/** Durations by name, as `ABUSE=180d,NON_PAYMENT=30d`; each name once. */
export function durationsBy<const N extends string>(names: readonly N[], min: string, max: string) {
  const one = duration(min, max);
  const wanted = `name=duration with commas between, names of ${names.join(', ')}, ${min} to ${max}`;
  return setting(wanted, (text): Readonly<Partial<Record<N, number>>> | undefined => {
    const read = new Map<N, number>();
    for (const pair of text.split(',')) {
      const [written = '', value = ''] = pair.split('=', 2).map((part) => part.trim());
      const name = names.find((each) => each === written);
      const ms = one.safeParse(value).data;
      if (name === undefined || ms === undefined || read.has(name)) return undefined;
      read.set(name, ms);
    }
    return Object.freeze(Object.fromEntries(read) as Partial<Record<N, number>>);
  });
}

/** Texts by name, as JSON: `{"name":"text"}`. */
export function textsByName() {
  const texts = z.record(z.string().min(1), z.string().min(1));
  return setting('a JSON object of texts by name', (text) => {
    try {
      const read = texts.safeParse(JSON.parse(text));
      return read.success ? Object.freeze(read.data) : undefined;
    } catch {
      return undefined;
    }
  });
}

/** `900s`, `5m`, `24h`, `90d` in milliseconds; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const parts = /^(\d{1,9})([smhd])$/.exec(text);
  return parts ? Number(parts[1]) * UNIT_MS[parts[2] as keyof typeof UNIT_MS] : undefined;
}

/** A time of day in UTC as `HH:MM`, or `off`. */
export function timeOfDayOrOff() {
  return setting('off, or a time of day in UTC such as 02:00', (text) => {
    if (text === 'off') return 'off' as const;
    const parts = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(text);
    return parts ? Object.freeze({ hour: Number(parts[1]), minute: Number(parts[2]) }) : undefined;
  });
}

export function wholeNumber(min: number, max: number) {
  return setting(`a whole number from ${min} to ${max}`, (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  });
}

/** A TCP port; 0 takes a free one. */
export const port = () => wholeNumber(0, MAX_PORT);

/** A URL with one of these schemes, such as `https:`. It is kept as it was written. */
export function urlOf(schemes: readonly string[], example: string) {
  return setting(`a URL such as ${example}`, (text) => {
    const url = URL.parse(text);
    return url && schemes.includes(url.protocol) && url.hostname !== '' ? text : undefined;
  });
}

export function oneOf<const T extends string>(values: readonly T[]) {
  return setting(`one of ${values.join(', ')}`, (text) => values.find((each) => each === text));
}

export function someOf<const T extends string>(values: readonly T[]) {
  return setting(`one or more of ${values.join(',')}, with commas between`, (text) => {
    const names = text.split(',').map((name) => name.trim());
    const known = values.filter((each) => names.includes(each));
    return known.length === new Set(names).size ? new Set<T>(known) : undefined;
  });
}

/** `host:port,host:port`, an IPv6 address in brackets. */
export function hostPorts(example: string) {
  return setting(`addresses such as ${example}, with commas between`, (text) => {
    const nodes = text.split(',').map((each) => hostPort(each.trim()));
    return nodes.every((node) => node !== undefined) ? Object.freeze(nodes) : undefined;
  });
}

export type HostPort = Readonly<{ host: string; port: number }>;

function hostPort(text: string): HostPort | undefined {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2];
  const portNumber = Number(parts?.[3]);
  if (!host || portNumber < 1 || portNumber > MAX_PORT) return undefined;
  return Object.freeze({ host, port: portNumber });
}

/** A text of at least so many characters. */
export function textOf(minLength: number, wanted: string) {
  return setting(wanted, (text) => (text.length >= minLength ? text : undefined));
}

/** The path of a file that this process can read. */
export function readableFile() {
  return setting('the path of a file that this process can read', (text) => {
    try {
      accessSync(text, constants.R_OK);
      return text;
    } catch {
      return undefined;
    }
  });
}

/** Whether nobody but this machine can reach what is bound there. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
