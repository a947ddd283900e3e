import {
  isMsisdnPrefix,
  carriedPrefix,
  commonPrefix,
  isUsable,
  readHeader,
  readRow,
  readValidFrom,
} from './block-import';
import { isRefusal } from './refusal';

const rules = { identifierClass: 'MSISDN', operatorPrefixes: ['72', '79'] } as const;
const columns = { identifier: 0, validFrom: 1, vanity: 2, count: 3 };
const code = (...fields: string[]) => readRow(fields, columns, rules).code;

describe('a block file', () => {
  it.each([
    [['msisdn'], { identifier: 0, count: 1 }],
    [['vanity', 'identifier', 'validFrom'], { identifier: 1, validFrom: 2, vanity: 0, count: 3 }],
  ])('has its columns in any order: %j', (header, wanted) => {
    expect(readHeader(header)).toEqual(wanted);
  });

  it.each([
    [['validFrom']],
    [['msisdn', 'price']],
    [['msisdn', 'identifier']],
    [['msisdn', 'vanity', 'vanity']],
    [['MSISDN']],
  ])('refuses the header %j', (header) => {
    const read = readHeader(header);
    expect(isRefusal(read) && read.code).toBe('INVALID_CSV');
  });

  it.each([
    ['+93791234567', '', '', undefined],
    ['+93791234567', '2026-12-01', 'true', undefined],
    ['93791234567', '', '', 'INVALID_E164'],
    ['+9379123456', '', '', 'INVALID_E164'],
    ['', '', '', 'INVALID_E164'],
    ['+93701234567', '', '', 'PREFIX_MISMATCH'],
    ['+93791234567', 'tomorrow', '', 'INVALID_VALID_FROM'],
    ['+93791234567', '2026-02-30', '', 'INVALID_VALID_FROM'],
    ['+93791234567', '', 'yes', 'INVALID_VANITY'],
  ])('row %j, %j, %j → %s', (number, validFrom, vanity, wanted) => {
    expect(code(number, validFrom, vanity)).toBe(wanted);
  });

  it('wants as many fields as the header has', () => {
    expect(code('+93791234567')).toBe('INVALID_ROW');
    expect(code('+93791234567', '', '', 'more')).toBe('INVALID_ROW');
  });

  it('takes short codes and alpha IDs in files of their class', () => {
    const of = (identifierClass: 'SHORT_CODE' | 'ALPHA', text: string) =>
      readRow([text], { identifier: 0, count: 1 }, { identifierClass, operatorPrefixes: [] });
    expect(of('SHORT_CODE', '4040')).toEqual({ identifier: '4040', vanity: false });
    expect(of('ALPHA', 'Kabul Bank')).toMatchObject({
      identifier: 'Kabul Bank',
      alphaKey: 'kabulbank',
    });
    expect(of('ALPHA', '4040').code).toBe('INVALID_IDENTIFIER');
    expect(of('SHORT_CODE', '+93791234567').code).toBe('INVALID_IDENTIFIER');
  });

  it('keeps a number within its declared prefix', () => {
    const declared = { ...rules, declaredPrefix: '+93791' };
    expect(readRow(['+93791234567', '', ''], columns, declared).code).toBeUndefined();
    expect(readRow(['+93792234567', '', ''], columns, declared).code).toBe('PREFIX_MISMATCH');
  });

  it('keeps a short code within its declared prefix too, though its pool is the whole class', () => {
    const declared = { ...rules, identifierClass: 'SHORT_CODE' as const, declaredPrefix: '40' };
    expect(readRow(['4040', '', ''], columns, declared).code).toBeUndefined();
    expect(readRow(['7040', '', ''], columns, declared).code).toBe('PREFIX_MISMATCH');
    const anything = { ...declared, declaredPrefix: '*' };
    expect(readRow(['7040', '', ''], columns, anything).code).toBeUndefined();
  });

  it('reads a day as its first moment in UTC', () => {
    expect(readValidFrom('2026-12-01')).toEqual(new Date('2026-12-01T00:00:00Z'));
    expect(readValidFrom('2026-12-01T10:00:00+04:30')).toEqual(new Date('2026-12-01T05:30:00Z'));
    expect(readValidFrom('2026-12-01t00:00:00z')).toEqual(new Date('2026-12-01T00:00:00Z'));
    expect(readValidFrom('')).toBeUndefined();
  });

  it.each([
    '9999-12-31T23:59:59-23:00',
    '0000-01-01',
    '0001-01-01T00:00:00+10:00',
    '2027-01-01T24:00:00Z',
  ])('refuses %s', (text) => expect(readValidFrom(text)).toBe('INVALID'));

  it('knows what is a beginning of an MSISDN', () => {
    expect([undefined, '+93', '+9379', '+93791234567'].map(isMsisdnPrefix)).toEqual([
      true,
      true,
      true,
      true,
    ]);
    expect(['', '79', '9379', '*', 'abc', '+937912345678'].map(isMsisdnPrefix)).not.toContain(true);
  });

  it('derives prefixes', () => {
    expect(['+93791', '+93792', '+9379'].reduce<string | undefined>(commonPrefix, undefined)).toBe(
      '+9379',
    );
    expect(carriedPrefix('+93744123456', ['74', '744'])).toBe('+93744');
  });
});

describe('a signing key', () => {
  const at = (text: string) => new Date(`2026-06-01T${text}:00Z`);
  const key = {
    operatorId: 'ROSHAN',
    keyId: 'k',
    algorithm: 'Ed25519',
    publicKeyPem: '',
    validFrom: at('10:00'),
    validUntil: at('12:00'),
    revokedAt: null,
  } as const;

  it('counts from its beginning to before its end, until it is revoked', () => {
    expect(['09:59', '10:00', '11:59', '12:00'].map((time) => isUsable(key, at(time)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(isUsable({ ...key, revokedAt: at('11:00') }, at('11:00'))).toBe(false);
    expect(isUsable({ ...key, validUntil: null }, at('23:00'))).toBe(true);
  });
});
