import { Redis } from 'ioredis';
import { openDoor, type Calls, type Door } from './testing/door';

const BULK = '/v1/numbers/reservations';

describe('US-NUM-007 a bulk reservation, all or nothing', () => {
  let door: Door;
  let tenant: Calls;
  let taken: string;
  beforeAll(async () => {
    door = await openDoor();
    const plan = await door.admin.put('/v1/admin/numbering/tenants/acme', { plan: 'enterprise' });
    expect(plan.status).toBe(200);
    tenant = await door.tenant('acme');
    [taken = ''] = await door.numbers(1);
    const other = await door.tenant('other');
    const first = await other.post(BULK, { identifiers: [taken], atomic: true });
    expect(first.status).toBe(200);
  });
  afterAll(() => door.close());

  /** No relay runs here: events stay in the outbox. */
  const ledger = () =>
    door.sql(`SELECT (SELECT sum(version) FROM numbering.identifiers) AS versions,
                     (SELECT count(*) FROM numbering.leases) AS claims,
                     (SELECT count(*) FROM numbering.audit_log) AS audits,
                     (SELECT count(*) FROM numbering.outbox) AS events`);
  const keys = async () => {
    const redis = new Redis(door.redisUrl);
    const found = await redis.keys('num:reserve:*');
    redis.disconnect();
    return found.sort();
  };

  it.each([
    ['first', 0],
    ['in the middle', 10],
    ['last', 20],
  ])('leaves no row, event or key where the refused number stands %s', async (_where, position) => {
    const numbers = await door.numbers(20);
    const identifiers = numbers.toSpliced(position, 0, taken);
    const before = [await ledger(), await keys()];
    const { status, body } = await tenant.post(BULK, { identifiers, atomic: true });
    expect([status, body]).toMatchObject([
      409,
      { code: 'INVALID_STATE', state: 'RESERVED', ownedByCaller: false, identifier: taken },
    ]);
    expect([await ledger(), await keys()]).toEqual(before);
    const then = await tenant.post(BULK, { identifiers: numbers.slice(0, 3), atomic: true });
    expect(then.status).toBe(200);
    const held = numbers.slice(0, 3).map((number) => `num:reserve:${number}`);
    expect(await keys()).toEqual([...(before[1] as string[]), ...held].sort());
  });

  it('writes one event and one audit row for each number, in one transaction', async () => {
    const numbers = await door.numbers(10);
    const buyer = await door.tenant('buyer');
    const answer = await buyer.post(BULK, { identifiers: numbers, atomic: true });
    expect(answer.status).toBe(200);
    const rows = await door.sql<{ transactions: number; events: number; audits: number }>(
      `SELECT count(DISTINCT a.xmin::text)::integer AS transactions,
              count(o.id)::integer AS events, count(*)::integer AS audits
         FROM numbering.audit_log a
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE a.identifier = ANY ($1)`,
      [numbers],
    );
    expect(rows).toEqual([{ transactions: 1, events: 10, audits: 10 }]);
  });
});
