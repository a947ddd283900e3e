import { brokenInvariants } from '@numbering/testing';
import { Cascade } from './cascade';
import { openRenewalWorld, type RenewalWorld } from './renewal.fixture';
import { SetQuotas } from './set-quotas';
import { SuspendTenant } from './suspend-tenant';
import { adminCaller, answerOf, as } from './testing';

const ROUNDS = 6;
const LEASES = 8;

describe('US-NUM-004 a suspension that meets the renewal of what it takes back', () => {
  let world: RenewalWorld;
  const admin = as(adminCaller());
  beforeAll(async () => {
    world = await openRenewalWorld();
  });
  afterAll(() => world.close());

  it('recalls every lease once, and nothing is renewed behind that', async () => {
    const { module } = world.ledger;
    for (let round = 0; round < ROUNDS; round++) {
      const tenantId = `met-${round}`;
      const own = { MSISDN: 100, SHORT_CODE: null, ALPHA: null };
      const none = { maxActiveReservations: null, maxHolds: null };
      answerOf(await module.get(SetQuotas).run(admin, tenantId, { ...own, ...none }));
      const numbers: string[] = [];
      for (let i = 0; i < LEASES; i++) numbers.push((await world.lease(tenantId)).identifier);
      const ask = { ticketId: `T-${round}`, reason: 'fraud', cascade: true };
      await Promise.all([
        world.run(),
        module
          .get(SuspendTenant)
          .run(admin, tenantId, ask)
          .then(() => module.get(Cascade).run()),
      ]);
      await module.get(Cascade).run();
      const [tenant] = await world.rows(
        `SELECT cascade_pending, leased_msisdn FROM numbering.tenants WHERE tenant_id = $1`,
        [tenantId],
      );
      expect(tenant).toEqual({ cascade_pending: false, leased_msisdn: 0 });
      expect(await brokenInvariants(world.rows, numbers)).toEqual([]);
      const ends = await world.rows<{ actions: string }>(
        `SELECT string_agg(action, ' ' ORDER BY version) AS actions
           FROM numbering.audit_log WHERE identifier = ANY ($1) GROUP BY identifier`,
        [numbers],
      );
      for (const { actions } of ends) {
        expect(actions).toMatch(/^LEASE (RENEW |RENEW_FAIL )*RECALL QUARANTINE$/);
      }
    }
  });
});
