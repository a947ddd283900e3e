import { IdentifierPipe, ownTenantId, PathId } from './asked';
import { Problem } from './problem';

describe('an identifier in a path', () => {
  const pipe = new IdentifierPipe();

  it.each([
    ['+93790000001', 'MSISDN', '+93790000001'],
    ['93790000001', 'MSISDN', '+93790000001'],
    [' 93790000001', 'MSISDN', '+93790000001'],
    ['4040', 'SHORT_CODE', '4040'],
    ['Example Bk', 'ALPHA', 'examplebk'],
  ])('%j is a %s', (written, identifierClass, matchKey) => {
    expect(pipe.transform(written)).toMatchObject({ identifierClass, matchKey });
  });

  it.each([
    ['a plus that is escaped twice in what the router has decoded', '%252B93790000001'],
    ['+12125550100', '+12125550100'],
    ['NUL', '4040\0'],
    ['emoji', '😀'],
    ['300 characters', 'a'.repeat(300)],
    ['a slash', 'a/b'],
    ['nothing', ''],
  ])('%s is none', (_what, written) => {
    expect(() => pipe.transform(written)).toThrow(Problem);
  });
});

describe('an id in a path', () => {
  const read = (id: string) => new PathId().transform(id, { type: 'param', data: 'tenantId' });

  it('is any text that Postgres can keep', () => {
    expect(read('t-é 1')).toBe('t-é 1');
    for (const bad of ['', ' ', 'a\0b', '\ud800', 'x'.repeat(256)]) {
      expect(() => read(bad)).toThrow(Problem);
    }
  });
});

describe('whose own is read', () => {
  const caller = { sub: 'kim', tenantId: 'acme', scopes: new Set<string>() };
  const any = { sub: 'ops', scopes: new Set(['numbering:tenants:any']) };

  it('is the token’s, another’s only with the permission, nobody’s without a tenant', () => {
    expect(ownTenantId(caller, undefined)).toBe('acme');
    expect(ownTenantId(any, 'other')).toBe('other');
    expect(() => ownTenantId(caller, 'other')).toThrow(Problem);
    expect(() => ownTenantId(any, undefined)).toThrow(Problem);
  });
});
