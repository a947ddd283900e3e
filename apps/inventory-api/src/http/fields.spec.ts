import { momentOf } from './fields';

describe('a moment in a body or query', () => {
  it.each([
    ['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000Z'],
    ['2026-01-31T04:30:00.123456+04:30', '2026-01-31T00:00:00.123Z'],
    // What is left of an offset's plus in a query that did not encode it.
    ['2026-01-31T04:30:00 04:30', '2026-01-31T00:00:00.000Z'],
  ])('%s is %s', (text, iso) => {
    expect(momentOf(text)?.toISOString()).toBe(iso);
  });

  it.each(['', 'yesterday', '2026-01-31', '2026-13-01T00:00:00Z', '2026-01-31T00:00:00', 5, null])(
    '%j is none',
    (text) => expect(momentOf(text)).toBeUndefined(),
  );
});
