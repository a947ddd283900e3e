import type { IdentifierClass } from '@numbering/contracts';
import {
  carriesPrefix,
  E164_AFGHANISTAN,
  parseIdentifier,
  type ParsedIdentifier,
} from './identifier';
import { isRefusal, refuse, type Refusal } from './refusal';

/** Why a row is not taken (ruling 6); the last two count as duplicates. */
export type RowCode =
  | 'INVALID_E164'
  | 'INVALID_IDENTIFIER'
  | 'PREFIX_MISMATCH'
  | 'INVALID_VALID_FROM'
  | 'INVALID_VANITY'
  | 'INVALID_ROW'
  | 'DUPLICATE_IN_FILE'
  | 'ALREADY_IN_LEDGER';

/** How many invalid rows an answer tells; errors.csv has them all. */
export const MAX_ERRORS_IN_ANSWER = 1_000;
/** How much of a bad value is kept. */
const MAX_VALUE_CHARS = 200;
/** The pool of short codes and alpha IDs: one for an operator and class (ruling 8). */
export const WHOLE_POOL = '*';

/** Where the columns of a file stand. */
export interface BlockColumns {
  identifier: number;
  validFrom?: number;
  vanity?: number;
  count: number;
}

const IDENTIFIER_COLUMNS = ['msisdn', 'identifier'];

/** Ruling 7: `msisdn` or `identifier` is required, `validFrom` and `vanity` may be there, nothing else, in any order. */
export function readHeader(fields: readonly string[]): BlockColumns | Refusal {
  const columns: BlockColumns = { identifier: -1, count: fields.length };
  for (const [position, field] of fields.entries()) {
    const name = field.trim();
    if (IDENTIFIER_COLUMNS.includes(name)) {
      if (columns.identifier >= 0) return invalidCsv('The header names the identifier twice');
      columns.identifier = position;
    } else if (name === 'validFrom' || name === 'vanity') {
      if (columns[name] !== undefined) return invalidCsv(`The header names ${name} twice`);
      columns[name] = position;
    } else {
      return invalidCsv(`Unknown column ${JSON.stringify(name.slice(0, MAX_VALUE_CHARS))}`);
    }
  }
  if (columns.identifier < 0) return invalidCsv('The header lacks the column msisdn');
  return columns;
}

export const invalidCsv = (detail: string): Refusal => refuse('INVALID_CSV', detail);

/** What a block's rows must be. */
export interface BlockRules {
  identifierClass: IdentifierClass;
  /** The operator's national prefixes (ruling 2). */
  operatorPrefixes: readonly string[];
  /** A beginning of the number as written; a number outside it is `PREFIX_MISMATCH`. */
  declaredPrefix?: string;
}

export type BlockRow = ValidRow | InvalidRow;

export interface ValidRow {
  code?: undefined;
  /** As it stood in the file: in a file an identifier has one writing. */
  identifier: string;
  /** Of an alpha ID alone: what two writings of it share. */
  alphaKey?: string;
  validFrom?: Date;
  vanity: boolean;
}

export interface InvalidRow {
  code: RowCode;
  /** What stood in the file, its beginning where it is long. */
  value: string;
}

/**
 * US-NUM-001: one data row of a file. In a file an MSISDN is written in E.164, `+` included (ruling
 * 8).
 */
export function readRow(
  fields: readonly string[],
  columns: BlockColumns,
  rules: BlockRules,
): BlockRow {
  const written = fields[columns.identifier] ?? '';
  const invalid = (code: RowCode): InvalidRow => ({ value: storable(written), code });
  if (fields.length !== columns.count) return invalid('INVALID_ROW');
  if (rules.identifierClass === 'MSISDN' && !E164_AFGHANISTAN.test(written)) {
    return invalid('INVALID_E164');
  }
  const parsed = classify(written, rules);
  if (typeof parsed === 'string') return invalid(parsed);
  const validFrom = readValidFrom(columns.validFrom === undefined ? '' : fields[columns.validFrom]);
  if (validFrom === 'INVALID') return invalid('INVALID_VALID_FROM');
  const vanity = readVanity(columns.vanity === undefined ? '' : fields[columns.vanity]);
  if (vanity === 'INVALID') return invalid('INVALID_VANITY');
  const alphaKey = parsed.identifierClass === 'ALPHA' ? parsed.matchKey : undefined;
  return { identifier: parsed.written, alphaKey, validFrom, vanity };
}

/** Class and prefix of an identifier in any written form, for files and registrations alike. */
export function classify(written: string, rules: BlockRules): ParsedIdentifier | RowCode {
  const parsed = parseIdentifier(written);
  if (isRefusal(parsed) || parsed.identifierClass !== rules.identifierClass) {
    return 'INVALID_IDENTIFIER';
  }
  const { identifierClass, operatorPrefixes, declaredPrefix = WHOLE_POOL } = rules;
  if (identifierClass === 'MSISDN' && !carriesPrefix(parsed.written, operatorPrefixes)) {
    return 'PREFIX_MISMATCH';
  }
  const isOutside = declaredPrefix !== WHOLE_POOL && !parsed.written.startsWith(declaredPrefix);
  return isOutside ? 'PREFIX_MISMATCH' : parsed;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
const DATE_TIME =
  /^\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/;
/** Beyond these no calendar of ours agrees, and no number was given out. */
const EARLIEST_VALID_FROM_MS = Date.UTC(1900, 0, 1);
const LATEST_VALID_FROM_MS = Date.UTC(9000, 0, 1);

/** RFC 3339, or a date alone (its first moment in UTC); empty or left out is no date. */
export function readValidFrom(text: string | undefined): Date | undefined | 'INVALID' {
  if (text === undefined || text === '') return undefined;
  const written = text.trim().toUpperCase();
  if (written === '') return undefined;
  if (!DATE.test(written) && !DATE_TIME.test(written)) return 'INVALID';
  const read = new Date(written);
  const ms = read.getTime();
  if (!(ms >= EARLIEST_VALID_FROM_MS && ms <= LATEST_VALID_FROM_MS)) return 'INVALID';
  // JavaScript reads 2026-02-30 as 2 March
  const day = new Date(`${written.slice(0, 10)}T00:00:00Z`);
  return day.toISOString().startsWith(written.slice(0, 10)) ? read : 'INVALID';
}

function readVanity(text: string | undefined): boolean | 'INVALID' {
  switch (text?.trim().toLowerCase() ?? '') {
    case '':
    case 'false':
      return false;
    case 'true':
      return true;
    default:
      return 'INVALID';
  }
}

/** Postgres keeps no NUL; a report needs no more than the beginning of a bad value. */
export const storable = (value: string): string =>
  value.replaceAll('\0', '\uFFFD').slice(0, MAX_VALUE_CHARS);

const MSISDN_PREFIX = /^\+93[0-9]{0,9}$/;

/** Ruling 8: a declared prefix of MSISDNs, or none. */
export const isMsisdnPrefix = (declared: string | undefined): boolean =>
  declared === undefined || MSISDN_PREFIX.test(declared);

/** Ruling 8: the longest common beginning of the file's valid numbers. */
export const commonPrefix = (a: string | undefined, b: string): string => {
  if (a === undefined) return b;
  let length = 0;
  while (length < a.length && a[length] === b[length]) length++;
  return a.slice(0, length);
};

/** Ruling 8: the operator's prefix that a registered MSISDN carries, written with `+93`; the longest of several. */
export function carriedPrefix(msisdn: string, operatorPrefixes: readonly string[]): string {
  const carried = operatorPrefixes.filter((prefix) => carriesPrefix(msisdn, [prefix]));
  const longest = carried.reduce((a, b) => (b.length > a.length ? b : a), '');
  return `+93${longest}`;
}

export interface SigningKey {
  operatorId: string;
  keyId: string;
  algorithm: 'Ed25519' | 'RSA-PSS-SHA256';
  publicKeyPem: string;
  validFrom: Date;
  /** Exclusive; null: no end. */
  validUntil: Date | null;
  revokedAt: Date | null;
}

/** Ruling 5: in its window, and not revoked. */
export const isUsable = (key: SigningKey, now: Date): boolean =>
  key.validFrom <= now &&
  (key.validUntil === null || key.validUntil > now) &&
  (key.revokedAt === null || key.revokedAt > now);
