import { brokenInvariants, eventually, lateUses, overQuota, type Rows } from '@numbering/testing';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReserveNumber } from './reserve-number';
import { SetQuotas } from './set-quotas';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  termOf,
  type Ledger,
} from './testing';

const TENANT = 'planted';
const NO_QUOTAS = { MSISDN: null, SHORT_CODE: null, ALPHA: null, maxHolds: null };

describe('US-NUM-010 the check of the invariants finds what is planted', () => {
  let ledger: Ledger;
  /** Reserved, held, leased; lapsed. */
  let leased: string;
  let held: string;
  let lapsed: string;

  beforeAll(async () => {
    ledger = await openLedger();
    [leased = '', held = '', lapsed = ''] = await ledger.numbers(3);
    const { module, source } = ledger;
    const tenant = as(tenantCaller(TENANT));
    const term = termOf('30d');
    for (const number of [leased, held, lapsed]) {
      answerOf(await module.get(ReserveNumber).run(tenant, parsed(number)));
      answerOf(await module.get(HoldNumber).run(tenant, parsed(number)));
    }
    const ask = { tenantId: TENANT, term, autoRenew: false, vanity: false };
    answerOf(await module.get(LeaseNumber).run(tenant, parsed(leased), ask));
    await source.query(
      `UPDATE numbering.leases SET expires_at = clock_timestamp() WHERE identifier = $1`,
      [lapsed],
    );
    await eventually(() =>
      expect(module.get(ReleaseDueClaims).run()).resolves.toMatchObject({ changed: 1 }),
    );
    answerOf(
      await module.get(SetQuotas).run(as(adminCaller()), TENANT, {
        ...NO_QUOTAS,
        maxActiveReservations: null,
      }),
    );
  });
  afterAll(() => ledger.close());

  /** Looks, with these statements planted, and takes them back. */
  async function found(statements: readonly string[]): Promise<Set<string>> {
    const runner = ledger.source.createQueryRunner();
    const rows: Rows = (sql, parameters) => runner.query(sql, parameters);
    await runner.startTransaction();
    try {
      await runner.query('SET LOCAL ROLE NONE');
      // The database refuses that for everybody else, and for its owner but for this.
      await runner.query('ALTER TABLE numbering.audit_log DISABLE TRIGGER USER');
      for (const statement of statements) await runner.query(statement);
      const broken = [
        ...(await brokenInvariants(rows, [leased, held, lapsed])),
        ...(await overQuota(rows, [TENANT])),
      ];
      return new Set(broken.map(({ invariant, what }) => `${invariant} ${what}`));
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  }

  it('and nothing where nothing is', async () => {
    expect([...(await found([]))]).toEqual([]);
  });

  const one = (number: () => string) => `identifier = '${number()}'`;
  const ofLeased = () => one(() => leased);
  const ofHeld = () => one(() => held);
  const ofLapsed = () => one(() => lapsed);
  const secondClaim = () =>
    `INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at, expires_at, auto_renew, vanity)
     SELECT gen_random_uuid(), identifier, 'another', 'RESERVED', claimed_at, claimed_at + interval '1 hour', false, false
       FROM numbering.leases WHERE ${ofLeased()}`;
  const quota = (column: string) => [
    `INSERT INTO numbering.tenant_quotas (tenant_id, ${column}, changed_by) VALUES ('${TENANT}', 0, 'planted')
     ON CONFLICT (tenant_id) DO UPDATE SET ${column} = 0`,
  ];

  it.each<[string, string, () => string[]]>([
    [
      'I1 at most one claim',
      'a second claim on a number',
      () => ['DROP INDEX numbering.leases_one_occupant', secondClaim()],
    ],
    [
      'I1 at most one claim',
      'a number that is free although it is claimed',
      () => [`UPDATE numbering.identifiers SET state = 'AVAILABLE' WHERE ${ofHeld()}`],
    ],
    [
      'I1 at most one claim',
      'a claim in another state than its number',
      () => [`UPDATE numbering.leases SET state = 'RESERVED' WHERE ${ofHeld()}`],
    ],
    [
      'I2 the state of a number follows',
      'a state that no audit row brought about',
      () => [`UPDATE numbering.identifiers SET state = 'RETIRED' WHERE ${ofLapsed()}`],
    ],
    [
      'I2 the state of a number follows',
      'an audit row that begins elsewhere than the last one ended',
      () => [
        `UPDATE numbering.audit_log SET from_state = 'AVAILABLE' WHERE ${ofLeased()} AND action = 'LEASE'`,
      ],
    ],
    [
      'I3 each version',
      'a version without an audit row',
      () => [`DELETE FROM numbering.audit_log WHERE ${ofLeased()} AND action = 'HOLD'`],
    ],
    [
      'I3 each version',
      'a version without an event',
      () => [`DELETE FROM numbering.outbox WHERE key = '${leased}' AND version = 3`],
    ],
    [
      'I3 each version',
      'a version that nothing explains',
      () => [`UPDATE numbering.identifiers SET version = version + 1 WHERE ${ofLeased()}`],
    ],
    [
      'I3 each version',
      'an event told twice',
      () => [
        `INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at)
         SELECT topic, key, payload, subject, version, created_at
           FROM numbering.outbox WHERE key = '${lapsed}' AND version = 4`,
      ],
    ],
    [
      'I3 no time runs backwards',
      'a decision before the one before it',
      () => [
        `UPDATE numbering.audit_log SET at = at - interval '1 minute' WHERE ${ofLeased()} AND action = 'LEASE'`,
      ],
    ],
    [
      'I6 no claim is ended as lapsed before its time',
      'a release before the end',
      () => [
        `UPDATE numbering.leases SET expires_at = expires_at + interval '1 minute' WHERE ${ofLapsed()}`,
      ],
    ],
    [
      'I7 each tenant’s leases are counted',
      'a counter that has drifted',
      () => [
        `UPDATE numbering.tenants SET leased_msisdn = leased_msisdn + 1 WHERE tenant_id = '${TENANT}'`,
      ],
    ],
    ['I7 no tenant has more', 'a claim too many', () => quota('max_active_reservations')],
    ['I7 no tenant has more', 'a hold too many', () => quota('max_holds')],
    ['I7 no tenant has more', 'a lease too many', () => quota('msisdn')],
  ])('%s: %s', async (invariant, _what, statements) => {
    const all = [...(await found(statements()))];
    expect(all.filter((each) => each.startsWith(invariant))).toHaveLength(1);
  });

  it('I6 nothing is made of a reservation at its end or later: a hold at its very end', async () => {
    const rows: Rows = (sql, parameters) => ledger.source.query(sql, parameters);
    const [row] = await rows(
      `SELECT at FROM numbering.audit_log WHERE identifier = $1 AND action = 'HOLD'`,
      [held],
    );
    const heldAt = row?.['at'] as Date;
    expect(await lateUses(rows, held, heldAt)).toMatchObject([{ invariant: 'I6' }]);
    expect(await lateUses(rows, held, new Date(heldAt.getTime() + 1))).toEqual([]);
  });
});
