import { numberPath, openDoor, type Door } from './testing/door';

const CALLERS = 200;
const TENANTS = 20;

describe('US-NUM-007 200 callers for one number', () => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor();
  });
  afterAll(() => door.close());

  it('one gets 201, 199 get 409 with the state, and the database has one claim', async () => {
    const [number = ''] = await door.numbers(1);
    const ids = Array.from({ length: TENANTS }, (_, i) => `race-tenant-${i}-of-many`);
    const tenants = await Promise.all(ids.map((id) => door.tenant(id)));
    const callers = Array.from({ length: CALLERS / TENANTS }, () => tenants).flat();
    const answers = await Promise.all(
      callers.map((tenant) => tenant.post(numberPath(number, 'reserve'), {})),
    );
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 201)).toHaveLength(1);
    expect(statuses.filter((status) => status === 409)).toHaveLength(CALLERS - 1);
    const winner = statuses.indexOf(201);
    answers.forEach((answer, i) => {
      if (i === winner) return;
      const ownedByCaller = i % TENANTS === winner % TENANTS;
      expect(answer.body).toMatchObject({
        code: 'INVALID_STATE',
        state: 'RESERVED',
        ownedByCaller,
      });
      if (!ownedByCaller) expect(answer.text).not.toContain(ids[winner % TENANTS]);
    });
    const claims = await door.sql(
      'SELECT lease_id, tenant_id, state FROM numbering.leases WHERE identifier = $1',
      [number],
    );
    expect(claims).toEqual([
      {
        lease_id: answers[winner]?.body['leaseId'],
        tenant_id: ids[winner % TENANTS],
        state: 'RESERVED',
      },
    ]);
    const [row] = await door.sql(
      `SELECT version,
              (SELECT count(*)::int FROM numbering.audit_log a
                WHERE a.identifier = i.identifier) AS audits,
              (SELECT count(*)::int FROM numbering.outbox o WHERE o.key = i.identifier) AS events
         FROM numbering.identifiers i
        WHERE identifier = $1`,
      [number],
    );
    expect(row).toEqual({ version: 2, audits: 1, events: 1 });
  });
});
