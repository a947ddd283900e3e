import { parsePattern, wantedForms, type BrowseAsk } from './browse';

const form = (ask: Omit<BrowseAsk, 'pattern'> & { pattern?: string }) => {
  const pattern = ask.pattern === undefined ? undefined : parsePattern(ask.pattern);
  return wantedForms({ ...ask, pattern });
};
const one = (ask: Parameters<typeof form>[0]) => {
  const [wanted] = form(ask);
  return wanted && [wanted.begins, wanted.ends, wanted.contains, wanted.isWhole];
};

describe('a pattern (ruling 40)', () => {
  it.each([
    ['BANK*', 'BANK', 'BEGINNING'],
    ['*77', '77', 'ENDING'],
    ['*BANK*', 'BANK', 'PART'],
    ['BANK', 'BANK', 'WHOLE'],
    ['*', '', 'ENDING'],
    ['**', '', 'PART'],
    ['50%_*', '50%_', 'BEGINNING'],
  ])('%s', (written, text, is) => {
    expect(parsePattern(written)).toEqual({ text, is });
  });

  it.each(['B*NK', '*B*NK', 'B*NK*', '***', 'B**'])('%s has its * elsewhere', (written) => {
    expect(parsePattern(written)).toBeUndefined();
  });
});

describe('what is looked for', () => {
  it('is every class in the order of the answer where none is named', () => {
    expect(form({}).map(({ identifierClass }) => identifierClass)).toEqual([
      'ALPHA',
      'MSISDN',
      'SHORT_CODE',
    ]);
  });

  it.each([
    ['+9379', '+9379'],
    ['9379', '+9379'],
    [' 9379', '+9379'],
    ['%2B9379', '+9379'],
    ['79', '+9379'],
    ['9', '+9'],
    ['93', '+93'],
    ['+', '+'],
  ])('MSISDNs that begin with %s begin with %s', (prefix, begins) => {
    expect(one({ identifierClass: 'MSISDN', prefix })).toEqual([begins, '', '', false]);
    expect(one({ identifierClass: 'MSISDN', pattern: `${prefix}*` })).toEqual([
      begins,
      '',
      '',
      false,
    ]);
  });

  it('reads a prefix by the class: bare digits begin short codes, alpha IDs and MSISDNs', () => {
    expect(form({ prefix: '93' }).map(({ begins }) => begins)).toEqual(['93', '+93', '93']);
  });

  it('compares alpha IDs by their matching key', () => {
    expect(one({ identifierClass: 'ALPHA', pattern: 'My Bank*' })).toEqual([
      'mybank',
      '',
      '',
      false,
    ]);
    expect(one({ identifierClass: 'ALPHA', pattern: '*Ba Nk' })).toEqual(['', 'bank', '', false]);
    expect(one({ identifierClass: 'ALPHA', pattern: '*BANK*' })).toEqual(['', '', 'bank', false]);
    expect(one({ identifierClass: 'ALPHA', pattern: 'BANK' })).toEqual(['bank', '', '', true]);
  });

  it('is what prefix and pattern both allow', () => {
    const alpha = (prefix: string, pattern: string) =>
      one({ identifierClass: 'ALPHA', prefix, pattern });
    expect(alpha('Ba', 'BANK*')).toEqual(['bank', '', '', false]);
    expect(alpha('Banking', 'BANK*')).toEqual(['banking', '', '', false]);
    expect(alpha('Ba', 'BANK')).toEqual(['bank', '', '', true]);
    expect(alpha('Banking', 'BANK')).toBeUndefined();
    expect(alpha('X', 'BANK*')).toBeUndefined();
    expect(alpha('Ba', '*nk')).toEqual(['ba', 'nk', '', false]);
  });

  it('leaves out a class that nothing of it can be in', () => {
    expect(form({ pattern: '*nk' }).map(({ identifierClass }) => identifierClass)).toEqual([
      'ALPHA',
    ]);
    expect(form({ pattern: '+937*' }).map(({ identifierClass }) => identifierClass)).toEqual([
      'MSISDN',
    ]);
  });
});
