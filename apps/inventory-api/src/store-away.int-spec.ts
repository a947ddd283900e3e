import { eventually } from '@numbering/testing';
import { numberPath, openDoor, type Answer, type Calls, type Door } from './testing/door';

/** What a caller is promised (architecture: every request gets an answer or a typed error). */
const ANSWERED_WITHIN_MS = 2_000;
/** What a loaded machine may add between two processes. */
const LEEWAY_MS = 400;
/** Twice away and twice back. */
const TEST_TIMEOUT_MS = 60_000;

describe('with Postgres away', () => {
  let door: Door;
  let tenant: Calls;
  let number: string;
  beforeAll(async () => {
    door = await openDoor();
    tenant = await door.tenant('acme');
    [number = ''] = await door.numbers(1);
  });
  afterAll(() => door.close());

  const timed = async (call: () => Promise<Answer>) => {
    const beganMs = performance.now();
    const answer = await call();
    return { ...answer, tookMs: performance.now() - beganMs };
  };

  const isAvailable = () =>
    eventually(
      async () => {
        expect((await tenant.get(numberPath(number))).status).toBe(200);
        expect((await door.as(undefined).get('/health/ready')).status).toBe(200);
      },
      { withinMs: 20_000, everyMs: 100 },
    );

  it.each([
    ['killed', () => door.postgres.cut()],
    ['frozen', () => door.postgres.freeze()],
  ])(
    '%s, every kind of call is told 503 within 2 s, and works when it is back',
    async (_how, go) => {
      await isAvailable();
      go();
      const key = { headers: { 'idempotency-key': `while-${_how}` } };
      const calls = [
        () => tenant.get(numberPath(number)),
        () => tenant.post(numberPath(number, 'reserve'), {}, key),
        () => tenant.get('/v1/numbers'),
        () => tenant.get(numberPath(number, 'history')),
        () => tenant.get('/v1/quotas'),
        () => door.admin.put('/v1/admin/numbering/tenants/acme', { plan: 'business' }),
        () => door.admin.get('/v1/admin/numbering/audit'),
      ];
      for (const answer of await Promise.all(calls.map(timed))) {
        expect([answer.status, answer.body.code]).toEqual([503, 'DEPENDENCY_UNAVAILABLE']);
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
        expect(answer.tookMs).toBeLessThan(ANSWERED_WITHIN_MS + LEEWAY_MS);
        expect(answer.text).not.toMatch(/postgres|ECONN|127\.0\.0\.1|pool/i);
      }
      expect((await door.as(undefined).get('/health/ready')).status).toBe(503);
      expect((await door.as(undefined).get('/health/live')).status).toBe(200);
      door.postgres.mend();
      await isAvailable();
      // 503 used up no key: the same call is run now.
      const again = await eventually(
        async () => {
          const answer = await tenant.post(numberPath(number, 'reserve'), {}, key);
          expect(answer.status).toBe(201);
          return answer;
        },
        { withinMs: 10_000, everyMs: 100 },
      );
      expect(again.headers.get('idempotency-replayed')).toBeNull();
      expect((await tenant.post(numberPath(number, 'release'), {})).status).toBe(200);
    },
    TEST_TIMEOUT_MS,
  );
});
