import { loadConfig } from '@numbering/platform';
import { Cursors } from './cursor';
import { Problem } from './problem';

const withSecret = (secret: string) =>
  new Cursors(
    loadConfig(
      {
        DATABASE_URL: 'postgres://a:b@localhost/c',
        REDIS_URL: 'redis://localhost',
        JWT_ISSUER: 'i',
        JWT_AUDIENCE: 'a',
        JWKS_URL: 'http://localhost/jwks',
        CURSOR_SECRET: secret,
      },
      'inventory-api',
    ),
  );

describe('a cursor', () => {
  const cursors = withSecret('one secret of sixteen');
  const list = ['numbers', 'acme', undefined] as const;
  const cursor = cursors.seal(list, ['MSISDN', '+93790000001']);

  it('brings back the position it was made of', () => {
    expect(cursors.open(list, cursor)).toEqual(['MSISDN', '+93790000001']);
  });

  it('is none of another tenant, another filter, another list or another secret', () => {
    for (const other of [
      ['numbers', 'other', undefined],
      ['numbers', 'acme', 'HELD'],
      ['history', 'acme', undefined],
    ]) {
      expect(() => cursors.open(other, cursor)).toThrow(Problem);
    }
    expect(() => withSecret('another secret, longer').open(list, cursor)).toThrow(Problem);
  });

  it('is refused with any character changed, cut off or added', () => {
    for (let i = 0; i < cursor.length; i++) {
      const changed = cursor[i] === 'A' ? 'B' : 'A';
      const tampered = cursor.slice(0, i) + changed + cursor.slice(i + 1);
      expect(() => cursors.open(list, tampered)).toThrow(Problem);
    }
    for (const bad of ['', '.', 'x', cursor.slice(0, -1), `${cursor}.`, `${cursor}A`]) {
      expect(() => cursors.open(list, bad)).toThrow(Problem);
    }
  });
});
