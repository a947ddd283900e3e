import { openRenewalWorld, type LeaseMade, type RenewalWorld } from './renewal.fixture';

const NUMBERS_IN_HISTORY = `
  SELECT h.lease_id = l.lease_id AS is_first, h.prior_lease_id = l.lease_id AS is_second,
         h.lease_id, h.prior_lease_id, h.effective_from, h.effective_until
    FROM numbering.lease_history h
    JOIN numbering.leases l USING (identifier)
   WHERE l.lease_id = $1
   ORDER BY h.effective_from`;

interface LeaseRow {
  state: string;
  effective_until: Date;
  renewal_refusals: number;
}

describe('a renewal run', () => {
  let world: RenewalWorld;
  let tenants = 0;
  const aTenant = () => `tenant-${++tenants}`;
  beforeAll(async () => {
    world = await openRenewalWorld();
  });
  beforeEach(() => world.billing.tell('approve'));
  afterAll(() => world.close());

  const leaseOf = async ({ leaseId }: LeaseMade): Promise<LeaseRow> => {
    const [row] = await world.rows<LeaseRow>('SELECT * FROM numbering.leases WHERE lease_id = $1', [
      leaseId,
    ]);
    if (!row) throw new Error('no such lease');
    return row;
  };
  const eventsOf = async (key: string) => {
    const events = await world.rows<{ topic: string; data: Record<string, unknown> }>(
      `SELECT topic, payload -> 'data' AS data FROM numbering.outbox
        WHERE key = $1 AND topic ~ 'renewal|renewed|quota.exceeded|lease.expired|quarantined'
        ORDER BY id`,
      [key],
    );
    return events.map(({ topic, data }) => [topic.replace('numbering.', ''), data] as const);
  };

  it('renews from the old end, and writes the new term behind the old one', async () => {
    const lease = await world.lease(aTenant());
    const before = await leaseOf(lease);
    expect(await world.run()).toEqual({ scanned: 1, changed: 1, failed: 0 });
    const after = await leaseOf(lease);
    expect(after.effective_until.getTime() - before.effective_until.getTime()).toBe(30 * 864e5);
    const history = await world.rows(NUMBERS_IN_HISTORY, [lease.leaseId]);
    expect(history).toMatchObject([
      { is_first: true, prior_lease_id: null },
      { is_second: true, effective_from: before.effective_until },
    ]);
    expect(await eventsOf(lease.identifier)).toEqual([
      [
        'lease.renewed',
        {
          identifier: lease.identifier,
          identifierClass: 'MSISDN',
          identifierVersion: 3,
          tenantId: lease.tenantId,
          leaseId: lease.leaseId,
          historyLeaseId: history[1]?.lease_id,
          priorLeaseId: lease.leaseId,
          effectiveUntil: after.effective_until.toISOString(),
        },
      ],
    ]);
    expect(await world.run()).toEqual({ scanned: 0, changed: 0, failed: 0 });
  });
});
