import { brokenInvariants, lateUses, overQuota, random } from '@numbering/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { approving, openBillingDoor, type BillingDoor } from './billing-door.fixture';
import { racersOf, type Race, type Racer } from './races.fixture';
import { SetQuotas } from './set-quotas';
import { adminCaller, as, openLedger, type Ledger } from './testing';

/** INTERLEAVINGS=1000 for more of each race. */
const INTERLEAVINGS = Number(process.env.INTERLEAVINGS ?? 50);
/** SEED=… replays a run: whose turn comes when, and when a claim ends. */
const SEED = Number(process.env.SEED ?? 20260615);
/** Within so many tenths of a millisecond everything happens. */
const SPREAD_TENTHS_MS = 60;
/** Now and then where a renewal is among them: it asks billing, and would never be the first. */
const RENEWAL_SPREAD_TENTHS_MS = 600;
const ENDLESS_MS = 60_000;
/** One claim and one lease: whoever had two numbers at once would have too many. */
const RESERVATION_QUOTA = 1;
const LEASE_QUOTA = 1;
const ROUND_LIMIT_MS = 1_000;

jest.setTimeout(60_000 + INTERLEAVINGS * ROUND_LIMIT_MS);

type Racers = ReturnType<typeof racersOf>;
type Scene = keyof Racers['scenes'];
type RacerName = Exclude<keyof Racers, 'scenes'>;

const RACES: readonly [string, Scene, RacerName[]][] = [
  ['reserve against expiry', 'reserved', ['reserve', 'expiry', 'expiry']],
  ['hold against expiry', 'reserved', ['hold', 'expiry', 'reserve']],
  ['lease against expiry', 'reserved', ['lease', 'expiry', 'reserve']],
  ['release against hold', 'reserved', ['release', 'hold', 'reserve']],
  ['recall against renewal', 'leasedWithRenewal', ['recall', 'renewal', 'renewal']],
  ['suspend against lease', 'reserved', ['suspend', 'lease', 'suspend']],
  ['lease against release and bypass', 'reserved', ['lease', 'release', 'bypass']],
  ['recall against the end of the lease', 'leased', ['recall', 'endOfLease', 'recall']],
  ['suspend against recall', 'leased', ['suspend', 'recall', 'bypass']],
  ['suspend against renewal', 'leasedWithRenewal', ['suspend', 'renewal', 'recall']],
  ['suspension of the tenant against lease', 'reserved', ['suspendTenant', 'lease', 'hold']],
];

describe(`US-NUM-010 races on one number, ${INTERLEAVINGS} interleavings each, seed ${SEED}`, () => {
  let ledger: Ledger;
  let door: BillingDoor;
  let nth = 0;
  beforeAll(async () => {
    door = await openBillingDoor();
    ledger = await openLedger({ BILLING_URL: door.url });
  });
  afterAll(async () => {
    await ledger.close();
    await door.close();
  });

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);

  it.each(RACES)('%s', async (name, scene, names) => {
    const pick = random(SEED + RACES.findIndex(([each]) => each === name));
    const all = racersOf(ledger);
    const racers = names.map((racer): Racer => all[racer]);
    const spreads = names.includes('renewal')
      ? [SPREAD_TENTHS_MS, RENEWAL_SPREAD_TENTHS_MS]
      : [SPREAD_TENTHS_MS];
    let spread = SPREAD_TENTHS_MS;
    const turn = () => pause(pick(spread) / 10);
    door.answer(async (asked, response) => {
      await turn();
      approving(asked, response);
    });
    for (let round = 0; round < INTERLEAVINGS; round++) {
      spread = spreads[round % spreads.length] ?? SPREAD_TENTHS_MS;
      const race = await newRace();
      await all.scenes[scene](race);
      // Now and then it does not end in the race: on a slow machine nothing else would win.
      const isEndless = pick(5) === 0;
      const ends = await endsIn(race.number, isEndless ? ENDLESS_MS : pick(SPREAD_TENTHS_MS) / 10);
      await Promise.all(
        racers.map(async (racer) => {
          await turn();
          await racer(race);
        }),
      );
      const broken = [
        ...(await brokenInvariants(rows, [race.number])),
        ...(await lateUses(rows, race.number, ends)),
        ...(await overQuota(rows, [race.owner, race.other])),
      ];
      expect({ round, broken }).toEqual({ round, broken: [] });
      expect(await wrongTerms(race.number)).toEqual([]);
    }
  });

  async function newRace(): Promise<Race> {
    const [number = ''] = await ledger.numbers(1);
    const race = { number, owner: `owner-${nth}`, other: `other-${nth}` };
    nth++;
    for (const tenantId of [race.owner, race.other]) {
      await ledger.module.get(SetQuotas).run(as(adminCaller()), tenantId, {
        ...{ MSISDN: LEASE_QUOTA, SHORT_CODE: null, ALPHA: null, maxHolds: null },
        maxActiveReservations: RESERVATION_QUOTA,
      });
    }
    return race;
  }

  /** The owner of the database may set any end. */
  async function endsIn(number: string, ms: number): Promise<Date> {
    const [[{ ends }]] = await rows(
      `UPDATE numbering.leases
          SET expires_at = CASE WHEN expires_at IS NULL THEN NULL
                                ELSE clock_timestamp() + make_interval(secs => $2::float8 / 1000) END,
              effective_until = CASE WHEN effective_until IS NULL THEN NULL
                                     ELSE clock_timestamp() + make_interval(secs => $2::float8 / 1000) END
        WHERE identifier = $1
       RETURNING coalesce(expires_at, effective_until) AS ends`,
      [number, ms],
    );
    return ends;
  }

  /** A term is renewed once, whoever asked; each renewal has its row beside the first term's. */
  const wrongTerms = (number: string) =>
    rows(
      `SELECT renewals.n AS renewals, terms.n AS terms
         FROM (SELECT count(*)::int AS n FROM numbering.audit_log
                WHERE identifier = $1 AND action = 'RENEW') renewals,
              (SELECT count(*)::int AS n, count(DISTINCT lease_id)
                        FILTER (WHERE prior_lease_id IS NULL)::int AS leases
                 FROM numbering.lease_history WHERE identifier = $1) terms
        WHERE renewals.n > 1 OR terms.n <> renewals.n + terms.leases`,
      [number],
    );

  it('has had both winners and losers', async () => {
    const actions: { action: string }[] = await rows(
      `SELECT DISTINCT action FROM numbering.audit_log WHERE identifier IS NOT NULL`,
    );
    const seen = new Set(actions.map(({ action }) => action));
    for (const action of [
      'TTL_EXPIRE',
      'HOLD',
      'LEASE',
      'RELEASE',
      'RECALL',
      'RENEW',
      'EXPIRE',
      'SUSPEND',
    ]) {
      expect([action, seen.has(action)]).toEqual([action, true]);
    }
  });

  it('has given no approval of billing away: each made a renewal, or is told as unused', async () => {
    await racersOf(ledger).renewal();
    const lost = await rows(
      `SELECT r.lease_id
         FROM numbering.renewal_attempts r
        WHERE r.answer = 'APPROVED'
          AND (SELECT count(*) FROM numbering.audit_log a
                WHERE a.lease_id = r.lease_id
                  AND a.action IN ('RENEW', 'RENEW_APPROVAL_UNUSED')) <> 1`,
    );
    expect(lost).toEqual([]);
  });
});
