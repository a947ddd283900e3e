import { requestIdOf, traceIdOf } from './request-id.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('requestIdOf', () => {
  it.each(['a', 'req-42', 'x'.repeat(128), '~!@{}"'])('takes %s', (given) =>
    expect(requestIdOf(given)).toBe(given),
  );

  it.each([undefined, '', 'x'.repeat(129), 'two words', 'tab\t', 'line\nbreak', 'näh', '\u0000'])(
    'makes one instead of %j',
    (given) => expect(requestIdOf(given)).toMatch(UUID),
  );

  it('takes the first of several', () => expect(requestIdOf(['one', 'two'])).toBe('one'));
});

describe('traceIdOf', () => {
  const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

  it('reads the trace of a traceparent', () => {
    expect(traceIdOf({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` })).toBe(traceId);
  });

  it.each([undefined, '', 'x', `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, `${traceId}`])(
    'finds none in %j',
    (traceparent) => expect(traceIdOf({ traceparent })).toBeUndefined(),
  );
});
