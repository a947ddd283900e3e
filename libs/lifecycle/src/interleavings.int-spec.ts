import { isRefusal, parseTerm, type Term } from '@numbering/domain';
import { brokenInvariants, random } from '@numbering/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { ExpireLeases } from './expire-leases';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { type Outcome } from './outcome';
import { RecallNumber } from './recall-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  type Ledger,
} from './testing';

/** INTERLEAVINGS=1000 for more of each race. */
const INTERLEAVINGS = Number(process.env.INTERLEAVINGS ?? 50);
/** SEED=… replays a run: whose turn comes when, and when a claim ends. */
const SEED = Number(process.env.SEED ?? 20260615);
/** Within so many tenths of a millisecond everything happens. */
const SPREAD_TENTHS_MS = 60;
const ENDLESS_MS = 60_000;
const RESERVATION_QUOTA = 2;

const term = (): Term => {
  const read = parseTerm('30d', false);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
};

/** One of those that race for a number. */
type Racer = (it: Race) => Promise<Outcome<unknown> | unknown>;

interface Race {
  number: string;
  /** Whose claim it is when the race begins; `other` has none. */
  owner: string;
  other: string;
}

describe(`races on one number, ${INTERLEAVINGS} interleavings each, seed ${SEED}`, () => {
  let ledger: Ledger;
  let nth = 0;
  beforeAll(async () => {
    ledger = await openLedger();
  });
  afterAll(() => ledger.close());

  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);
  const get = <T>(what: new (...needs: never[]) => T): T => ledger.module.get(what);
  const admin = as(adminCaller());
  const of = (tenantId: string) => as(tenantCaller(tenantId, 'numbering:lease:bypass'));
  const leaseAsk = (tenantId: string) => ({
    ...{ tenantId, term: term(), autoRenew: false, vanity: false },
  });

  const reserve: Racer = ({ number, other }) => get(ReserveNumber).run(of(other), parsed(number));
  const hold: Racer = ({ number, owner }) => get(HoldNumber).run(of(owner), parsed(number));
  const release: Racer = ({ number, owner }) => get(ReleaseNumber).run(of(owner), parsed(number));
  const lease: Racer = ({ number, owner }) =>
    get(LeaseNumber).run(of(owner), parsed(number), leaseAsk(owner));
  const bypass: Racer = ({ number, other }) =>
    get(LeaseNumber).run(of(other), parsed(number), leaseAsk(other));
  const recall: Racer = ({ number }) =>
    get(RecallNumber).run(admin, parsed(number), { reason: 'NON_PAYMENT', actorId: 'admin-1' });
  const suspend: Racer = ({ number }) =>
    get(SuspendLease).run(admin, parsed(number), { reason: 'race' });
  const suspendTenant: Racer = ({ owner }) =>
    get(SuspendTenant).run(admin, owner, { ticketId: 'T-1', reason: 'race', cascade: false });
  const expiry: Racer = () => get(ReleaseDueClaims).run();
  const endOfLease: Racer = () => get(ExpireLeases).run();

  const reservedBy = async ({ number, owner }: Race) => {
    answerOf(await get(ReserveNumber).run(of(owner), parsed(number)));
  };
  const leasedBy = async ({ number, owner }: Race) => {
    answerOf(await get(LeaseNumber).run(of(owner), parsed(number), leaseAsk(owner)));
  };

  it.each<[string, (race: Race) => Promise<void>, Racer[]]>([
    ['reserve against expiry', reservedBy, [reserve, expiry, expiry]],
    ['hold against expiry', reservedBy, [hold, expiry, reserve]],
    ['lease against expiry', reservedBy, [lease, expiry, reserve]],
    ['release against hold', reservedBy, [release, hold, reserve]],
    ['lease against release and bypass', reservedBy, [lease, release, bypass]],
    ['recall against the end of the lease', leasedBy, [recall, endOfLease, recall]],
    ['suspend against recall', leasedBy, [suspend, recall, bypass]],
    ['suspension of the tenant against lease', reservedBy, [suspendTenant, lease, hold]],
  ])('%s', async (_what, scene, racers) => {
    const pick = random(SEED + nth);
    for (let round = 0; round < INTERLEAVINGS; round++) {
      const [number = ''] = await ledger.numbers(1);
      const race = { number, owner: `owner-${nth}`, other: `other-${nth}` };
      nth++;
      await get(SetQuotas).run(admin, race.other, {
        ...{ MSISDN: 1, SHORT_CODE: null, ALPHA: null, maxHolds: null },
        maxActiveReservations: RESERVATION_QUOTA,
      });
      await scene(race);
      // Now and then it does not end in the race: on a slow machine nothing else would win.
      const isEndless = pick(5) === 0;
      const ends = await endsIn(number, isEndless ? ENDLESS_MS : pick(SPREAD_TENTHS_MS) / 10);
      await Promise.all(
        racers.map(async (racer) => {
          await pause(pick(SPREAD_TENTHS_MS) / 10);
          await racer(race);
        }),
      );
      expect(await brokenInvariants(rows, [number])).toEqual([]);
      expect(await tooLate(number, ends)).toEqual([]);
    }
  });

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

  /** I6: what was made of a reservation after its end, by whoever had it. */
  const tooLate = (number: string, ends: Date) =>
    rows(
      `SELECT a.action, a.at
         FROM numbering.audit_log a
        WHERE a.identifier = $1
          AND a.from_state = 'RESERVED'
          AND a.action IN ('HOLD', 'LEASE', 'RELEASE')
          AND a.version = 3
          AND a.at >= $2`,
      [number, ends],
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
      'EXPIRE',
      'SUSPEND',
    ]) {
      expect([action, seen.has(action)]).toEqual([action, true]);
    }
  });
});
