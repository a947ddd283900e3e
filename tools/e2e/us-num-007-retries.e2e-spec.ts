import { randomUUID } from 'node:crypto';
import { Suite, type Answer, type TestTenant } from '@numbering/testing';

const CALLS = 50;
const BULK = '/v1/numbers/reservations';

/** A call that is made again under its key: what must be there before, and what it does once. */
interface Retried {
  title: string;
  isReservedBefore: boolean;
  call: (by: TestTenant, number: string, key: string, more?: object) => Promise<Answer>;
  /** 2xx of the first answer. */
  status: number;
  action: 'RESERVE' | 'HOLD' | 'RELEASE';
  /** Whether a refusal of the number is the answer's, and not one of its items'. */
  isRefusedWhole: boolean;
}

const keyed = (key: string) => ({ 'idempotency-key': key });
const single =
  (command: string): Retried['call'] =>
  ({ api }, number, key, more = {}) =>
    api.on(number, command, more, keyed(key));
const bulk =
  (atomic: boolean): Retried['call'] =>
  ({ api }, number, key, more = {}) =>
    api.post(BULK, { identifiers: [number], atomic, ...more }, keyed(key));

const CALLS_UNDER_A_KEY: readonly Retried[] = [
  {
    ...{ title: 'US-NUM-007 reserve', isReservedBefore: false, call: single('reserve') },
    ...{ status: 201, action: 'RESERVE', isRefusedWhole: true },
  },
  {
    ...{ title: 'US-NUM-007 reserve many', isReservedBefore: false, call: bulk(false) },
    ...{ status: 200, action: 'RESERVE', isRefusedWhole: false },
  },
  {
    ...{ title: 'US-NUM-007 reserve all or none', isReservedBefore: false, call: bulk(true) },
    ...{ status: 200, action: 'RESERVE', isRefusedWhole: true },
  },
  {
    ...{ title: 'US-NUM-008 hold', isReservedBefore: true, call: single('hold') },
    ...{ status: 200, action: 'HOLD', isRefusedWhole: true },
  },
  {
    ...{ title: 'US-NUM-009 release', isReservedBefore: true, call: single('release') },
    ...{ status: 200, action: 'RELEASE', isRefusedWhole: true },
  },
];

describe.each(CALLS_UNDER_A_KEY)('$title under one Idempotency-Key', (retried) => {
  const { call, status, action, isReservedBefore, isRefusedWhole } = retried;
  const suite = new Suite();
  let tenant: TestTenant;
  let other: TestTenant;
  beforeAll(async () => {
    [tenant, other] = [await suite.tenant(), await suite.tenant()];
  });
  afterAll(() => suite.close());

  async function ready(): Promise<string> {
    const [number = ''] = await suite.numbers();
    if (isReservedBefore) await suite.expect(201, tenant.api.on(number, 'reserve'));
    return number;
  }
  const isReplayed = ({ headers }: Answer) => headers.get('idempotency-replayed') === 'true';
  const timesDone = async (number: string) => {
    const [row] = await suite.sql<{ n: number }>(
      `SELECT count(*)::integer AS n FROM numbering.audit_log
        WHERE identifier = $1 AND action = $2`,
      [number, action],
    );
    return row?.n;
  };

  it('is done once, and answered alike for as long as the key is known', async () => {
    const [number, key] = [await ready(), randomUUID()];
    const first = await call(tenant, number, key);
    expect([first.status, isReplayed(first)]).toEqual([status, false]);
    for (let repeat = 0; repeat < 3; repeat++) {
      const again = await call(tenant, number, key);
      expect([again.status, again.body, isReplayed(again)]).toEqual([status, first.body, true]);
    }
    expect(await timesDone(number)).toBe(1);
  });

  it(`is done once by ${CALLS} calls at once, whoever of them is told`, async () => {
    const [number, key] = [await ready(), randomUUID()];
    const answers = await Promise.all(
      Array.from({ length: CALLS }, () => call(tenant, number, key)),
    );
    const done = answers.filter((answer) => answer.status === status);
    expect(done.filter((answer) => !isReplayed(answer))).toHaveLength(1);
    expect(new Set(done.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    for (const { body, status: its } of answers.filter((answer) => !done.includes(answer)))
      expect([its, body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    expect(await timesDone(number)).toBe(1);
    const late = await call(tenant, number, key);
    expect([late.status, late.body, isReplayed(late)]).toEqual([status, done[0]?.body, true]);
  });

  it('is refused for another body or number, and another tenant’s key is not it', async () => {
    const [number, key] = [await ready(), randomUUID()];
    await call(tenant, number, key);
    const others = [
      await call(tenant, number, key, { tenantId: tenant.id }),
      await call(tenant, (await suite.numbers())[0] ?? '', key),
    ];
    for (const { status: its, body } of others)
      expect([its, body.code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED']);
    expect(isReplayed(await call(other, number, key))).toBe(false);
    expect(await timesDone(number)).toBe(1);
  });

  it('is 409 while the first one runs', async () => {
    const [number, key] = [await ready(), randomUUID()];
    const lock = JSON.stringify([`tenant:${tenant.id}`, key]);
    await suite.sql('SELECT pg_advisory_lock(hashtextextended($1, 42))', [lock]);
    const early = await call(tenant, number, key);
    expect([early.status, early.body.code]).toEqual([409, 'IDEMPOTENCY_IN_PROGRESS']);
    await suite.sql('SELECT pg_advisory_unlock(hashtextextended($1, 42))', [lock]);
    const then = await call(tenant, number, key);
    expect([then.status, isReplayed(then)]).toEqual([status, false]);
  });

  it('keeps a refusal too, though the reason has gone; a new key is a new call', async () => {
    const [[number = ''], key] = [await suite.numbers(), randomUUID()];
    // Reserving is refused for another's reservation, the other two for want of an own one.
    if (!isReservedBefore) await suite.expect(201, other.api.on(number, 'reserve'));
    const first = await call(tenant, number, key);
    expect(first.status).toBe(isRefusedWhole ? 409 : 200);
    expect(JSON.stringify(first.body)).toContain('INVALID_STATE');
    if (isReservedBefore) await suite.expect(201, tenant.api.on(number, 'reserve'));
    else await suite.expect(200, other.api.on(number, 'release'));
    const again = await call(tenant, number, key);
    expect([again.status, again.body, isReplayed(again)]).toEqual([first.status, first.body, true]);
    const anew = await call(tenant, number, randomUUID());
    expect([anew.status, isReplayed(anew)]).toEqual([status, false]);
    expect(JSON.stringify(anew.body)).not.toContain('INVALID_STATE');
  });

  it('is not used up by what was never run', async () => {
    const [number, key] = [await ready(), randomUUID()];
    const nobody = { ...tenant, api: suite.caller() };
    const never = [await call(nobody, number, key), await call(tenant, number, key, { x: 1 })];
    expect(never.map((answer) => answer.status)).toEqual([401, 422]);
    const then = await call(tenant, number, key);
    expect([then.status, isReplayed(then)]).toEqual([status, false]);
  });
});
