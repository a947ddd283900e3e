import { status as GrpcStatus } from '@grpc/grpc-js';
import { AuthUnavailable, StoreUnavailable, Unauthenticated } from '@numbering/platform';
import { answerOf, grpcError, questionOf, questionsOf, rpcExceptionOf } from './lease-answer';

const TENANT = 'tenant-1';
const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return rpcExceptionOf(error).getError();
  }
  throw new Error('it did not throw');
};

describe('answers', () => {
  it('say everything of a lease in grace', () => {
    expect(
      answerOf({
        valid: true,
        leaseId: 'lease-1',
        effectiveUntilMs: 1_764_000_000_123,
        graceUntilMs: 1_764_086_400_000,
      }),
    ).toEqual({
      valid: true,
      leaseId: 'lease-1',
      effectiveUntil: { seconds: 1_764_000_000, nanos: 123_000_000 },
      graceUntil: { seconds: 1_764_086_400, nanos: 0 },
    });
  });

  it('say the reason alone where the asker holds nothing', () => {
    expect(answerOf({ valid: false, reason: 'WRONG_TENANT' })).toEqual({
      valid: false,
      reason: 'WRONG_TENANT',
    });
  });

  it('count nanos forward, also before 1970', () => {
    const { effectiveUntil } = answerOf({ valid: true, leaseId: 'l', effectiveUntilMs: -1 });
    expect(effectiveUntil).toEqual({ seconds: -1, nanos: 999_000_000 });
  });
});

describe('questions', () => {
  it('are read in every way of writing an identifier', () => {
    for (const identifier of ['+93790000001', '93790000001', ' 93790000001']) {
      expect(questionOf({ identifier, tenantId: TENANT }).identifier.matchKey).toBe('+93790000001');
    }
    expect(questionOf({ identifier: 'Kb Q', tenantId: TENANT }).identifier.matchKey).toBe('kbq');
  });

  it.each(['', '+93', '12', 'BAD!ID', '----', 'tail ', 'x'.repeat(10_000)])(
    'with the identifier %j are INVALID_ARGUMENT',
    (identifier) => {
      expect(thrownBy(() => questionOf({ identifier, tenantId: TENANT }))).toMatchObject({
        code: GrpcStatus.INVALID_ARGUMENT,
      });
    },
  );

  it.each(['', 'a\u0000b', '\ud800', 't'.repeat(256)])(
    'with the tenant %j are INVALID_ARGUMENT',
    (tenantId) => {
      expect(thrownBy(() => questionOf({ identifier: '1234', tenantId }))).toMatchObject({
        code: GrpcStatus.INVALID_ARGUMENT,
      });
    },
  );

  it('of a batch tell which is malformed, and are at most 1,000', () => {
    const good = { identifier: '1234', tenantId: TENANT };
    expect(thrownBy(() => questionsOf({ requests: [good, { ...good, tenantId: '' }] }))).toEqual({
      code: GrpcStatus.INVALID_ARGUMENT,
      message: 'item 1: tenant_id is empty',
    });
    expect(questionsOf({ requests: new Array(1_000).fill(good) })).toHaveLength(1_000);
    expect(thrownBy(() => questionsOf({ requests: new Array(1_001).fill(good) }))).toMatchObject({
      code: GrpcStatus.INVALID_ARGUMENT,
    });
    expect(questionsOf({})).toEqual([]);
  });
});

describe('what went wrong becomes a status', () => {
  it.each([
    [new StoreUnavailable('postgres'), GrpcStatus.UNAVAILABLE],
    [new StoreUnavailable('redis'), GrpcStatus.UNAVAILABLE],
    [new AuthUnavailable(), GrpcStatus.UNAVAILABLE],
    [new Unauthenticated('no'), GrpcStatus.UNAUTHENTICATED],
    [grpcError(GrpcStatus.PERMISSION_DENIED, 'no'), GrpcStatus.PERMISSION_DENIED],
    [new TypeError('a fault of ours'), GrpcStatus.INTERNAL],
  ])('%s', (error, code) => {
    const told = rpcExceptionOf(error).getError();
    expect(told).toMatchObject({ code });
    if (code === GrpcStatus.INTERNAL) expect(told).toMatchObject({ message: 'the answer failed' });
  });
});
