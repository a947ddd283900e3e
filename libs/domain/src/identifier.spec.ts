import { alphaMatchKey, carriesPrefix, parseIdentifier } from './identifier';
import { isRefusal } from './refusal';

const read = (text: string) => {
  const parsed = parseIdentifier(text);
  return isRefusal(parsed)
    ? parsed.code
    : [parsed.identifierClass, parsed.written, parsed.matchKey];
};

describe('an identifier in any written form', () => {
  it.each(['+93791234567', '%2B93791234567', '%2b93791234567', '93791234567', ' 93791234567'])(
    'reads %j as one MSISDN',
    (text) => {
      expect(read(text)).toEqual(['MSISDN', '+93791234567', '+93791234567']);
    },
  );

  it.each(['123', '12345678'])('reads %s as a short code', (text) => {
    expect(read(text)).toEqual(['SHORT_CODE', text, text]);
  });

  it.each([
    ['KABUL BANK', 'kabulbank'],
    ['Kabul Bank', 'kabulbank'],
    ['A&B.c-d_1', 'a&b.c-d_1'],
    ['X', 'x'],
    ['Größe', 'größe'],
  ])('reads %s as an alpha ID with key %s', (text, key) => {
    expect(read(text)).toEqual(['ALPHA', text, key]);
    expect(alphaMatchKey(text.toUpperCase())).toBe(alphaMatchKey(text.toUpperCase().toLowerCase()));
  });

  it.each([
    '',
    '+93',
    '+937912345678',
    '+9379123456',
    '12',
    '123456789',
    '+12125550100',
    'TwelveLetter',
    'tail ',
    ' head',
    '-.-',
    '----',
    'ab#cd',
    'a\u0000b',
    'Ünïcode',
    '🙂',
    'a\tb',
    '  93791234567',
    '+93 79123456',
    '９３７９１２３４５６７',
  ])('refuses %j', (text) => {
    expect(read(text)).toBe('INVALID_IDENTIFIER');
  });

  it('shows no more of a bad value than a line holds', () => {
    const refused = parseIdentifier('x'.repeat(10_000));
    expect(isRefusal(refused) && refused.detail.length).toBeLessThan(120);
  });

  it('knows an operator by its prefixes, two digits or three', () => {
    expect(carriesPrefix('+93791234567', ['72', '79'])).toBe(true);
    expect(carriesPrefix('+93744234567', ['744', '75'])).toBe(true);
    expect(carriesPrefix('+93745234567', ['744', '75'])).toBe(false);
  });
});
