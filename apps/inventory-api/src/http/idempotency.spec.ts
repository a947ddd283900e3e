import type { Caller } from '@numbering/domain';
import { fingerprintOf, idempotencyOf } from './idempotency';
import { Problem } from './problem';

const call = { method: 'POST', originalUrl: '/v1/numbers/4040/lease' };
const caller: Caller = { sub: 'kim', tenantId: 'acme', scopes: new Set() };
const withKey = (key: string) => ({ ...call, headers: { 'idempotency-key': key } });

describe('a fingerprint', () => {
  const body = { tenantId: 'acme', term: '30d', deep: { a: [1, { x: 1, y: 2 }], b: null } };

  it('is the same for the same members in any order', () => {
    const other = { deep: { b: null, a: [1, { y: 2, x: 1 }] }, term: '30d', tenantId: 'acme' };
    expect(fingerprintOf(call, other)).toBe(fingerprintOf(call, body));
  });

  it.each([
    ['method', { ...call, method: 'PUT' }, body],
    ['path', { ...call, originalUrl: '/v1/numbers/4041/lease' }, body],
    ['query', { ...call, originalUrl: `${call.originalUrl}?x=1` }, body],
    ['member', call, { ...body, term: '31d' }],
    ['type of a member', call, { ...body, deep: { a: ['1', { x: 1, y: 2 }], b: null } }],
    ['order of a list', call, { ...body, deep: { a: [{ x: 1, y: 2 }, 1], b: null } }],
    ['object where a list of pairs was', call, { ...body, deep: [['a', 1]] }],
  ])('differs by its %s', (_what, otherCall, otherBody) => {
    expect(fingerprintOf(otherCall, otherBody)).not.toBe(fingerprintOf(call, body));
  });
});

describe('an Idempotency-Key', () => {
  it('is nobody’s where it was not sent', () => {
    expect(idempotencyOf({ ...call, headers: {} }, caller, {})).toBeUndefined();
  });

  it('belongs to the tenant, else to the subject, and the two never meet', () => {
    const sub = { ...caller, sub: 'acme', tenantId: undefined };
    expect(idempotencyOf(withKey('k'), caller, {})?.owner).toBe('tenant:acme');
    expect(idempotencyOf(withKey('k'), sub, {})?.owner).toBe('sub:acme');
  });

  it('has 255 visible characters at most', () => {
    expect(idempotencyOf(withKey('x'.repeat(255)), caller, {})?.key).toHaveLength(255);
    for (const bad of ['', 'x'.repeat(256), 'a b', 'é', 'tab\t']) {
      expect(() => idempotencyOf(withKey(bad), caller, {})).toThrow(Problem);
    }
  });
});
