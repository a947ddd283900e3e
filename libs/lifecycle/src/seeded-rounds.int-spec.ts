import { isRefusal, parseTerm, type Term } from '@numbering/domain';
import { HoldNumber } from './hold-number';
import { LeaseNumber } from './lease-number';
import { OverrideQuarantine } from './override-quarantine';
import { isRefused, type Outcome } from './outcome';
import { RecallNumber } from './recall-number';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { ReserveNumber } from './reserve-number';
import { ReserveNumbers } from './reserve-numbers';
import { ResumeLease } from './resume-lease';
import { SetQuotas } from './set-quotas';
import { SuspendLease } from './suspend-lease';
import {
  adminCaller,
  answerOf,
  as,
  openLedger,
  parsed,
  tenantCaller,
  type Ledger,
} from './testing';

const ROUNDS = 500;
const COMMANDS_A_ROUND = 6;
const TENANTS = ['round-a', 'round-b', 'round-c'];
/** Small enough that rounds run into it. */
const RESERVATION_QUOTA = 2;
const LEASE_QUOTA = 2;

/** A seed of one's own replays a run: SEED=… */
const SEED = Number(process.env.SEED ?? 20260601);

/** mulberry32: small, seeded, good enough to choose commands by. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

const term = (): Term => {
  const read = parseTerm('30d', false);
  if (isRefusal(read)) throw new Error(read.detail);
  return read;
};

describe(`${ROUNDS} rounds of concurrent commands on few numbers, seed ${SEED}`, () => {
  let ledger: Ledger;
  let numbers: string[];
  const answers: { what: string; number: string; outcome: Outcome<unknown> }[] = [];
  const rows = (sql: string, parameters: unknown[] = []) => ledger.source.query(sql, parameters);

  beforeAll(async () => {
    ledger = await openLedger();
    numbers = await ledger.numbers(6);
    const quotas = { MSISDN: LEASE_QUOTA, SHORT_CODE: null, ALPHA: null, maxHolds: null };
    for (const tenantId of TENANTS) {
      answerOf(
        await ledger.module.get(SetQuotas).run(as(adminCaller()), tenantId, {
          ...quotas,
          maxActiveReservations: RESERVATION_QUOTA,
        }),
      );
    }
    const pick = random(SEED);
    for (let round = 0; round < ROUNDS; round++) {
      if (pick(4) === 0) await lapseOne(pick);
      await Promise.all(Array.from({ length: COMMANDS_A_ROUND }, () => oneCommand(pick)));
      await withinQuotas();
    }
  }, 180_000);
  afterAll(() => ledger.close());

  async function oneCommand(pick: (below: number) => number): Promise<void> {
    const number = numbers[pick(numbers.length)] ?? '';
    const tenantId = TENANTS[pick(TENANTS.length)] ?? '';
    const { module } = ledger;
    const who = as(tenantCaller(tenantId));
    const admin = as(adminCaller());
    const it = parsed(number);
    const aside = { reason: 'round', ticketId: 'T-1' };
    const commands: [string, () => Promise<Outcome<unknown>>][] = [
      ['RESERVE', () => module.get(ReserveNumber).run(who, it)],
      ['RESERVE', () => module.get(ReserveNumber).run(who, it)],
      [
        'BULK',
        () => module.get(ReserveNumbers).run(who, { identifiers: numbers, atomic: pick(2) === 0 }),
      ],
      ['HOLD', () => module.get(HoldNumber).run(who, it)],
      ['RELEASE', () => module.get(ReleaseNumber).run(who, it)],
      [
        'LEASE',
        () =>
          module.get(LeaseNumber).run(who, it, {
            tenantId,
            term: term(),
            autoRenew: false,
            vanity: false,
          }),
      ],
      [
        'RECALL',
        () =>
          module.get(RecallNumber).run(admin, it, {
            reason: 'NON_PAYMENT',
            actorId: 'admin-1',
          }),
      ],
      [
        'QUARANTINE_OVERRIDE',
        () =>
          module.get(OverrideQuarantine).run(as(adminCaller('admin-2')), it, 'rounds go on and on'),
      ],
      ['SUSPEND', () => module.get(SuspendLease).run(admin, it, aside)],
      ['RESUME', () => module.get(ResumeLease).run(admin, it, aside)],
    ];
    const [what, command] = commands[pick(commands.length)] ?? [];
    if (pick(8) === 0) await module.get(ReleaseDueClaims).run();
    if (what && command) answers.push({ what, number, outcome: await command() });
  }

  /** The owner may set any end: one claim ends now. Bars would else end the game for a tenant. */
  async function lapseOne(pick: (below: number) => number): Promise<void> {
    await rows(
      `UPDATE numbering.leases SET expires_at = clock_timestamp()
        WHERE identifier = $1 AND state IN ('RESERVED', 'HELD')`,
      [numbers[pick(numbers.length)]],
    );
    await rows('DELETE FROM numbering.recall_bars');
  }

  async function withinQuotas(): Promise<void> {
    const over = await rows(
      `SELECT tenant_id, count(*) FILTER (WHERE state IN ('RESERVED', 'HELD')
                                            AND expires_at > clock_timestamp()) AS claims,
              count(*) FILTER (WHERE state IN ('LEASED', 'SUSPENDED')) AS leases
         FROM numbering.leases GROUP BY tenant_id`,
    );
    for (const row of over) {
      expect(Number(row.claims)).toBeLessThanOrEqual(RESERVATION_QUOTA);
      expect(Number(row.leases)).toBeLessThanOrEqual(LEASE_QUOTA);
    }
  }

  it('won and lost often enough to mean something', () => {
    const won = answers.filter(({ outcome }) => !isRefused(outcome)).length;
    expect(answers).toHaveLength(ROUNDS * COMMANDS_A_ROUND);
    expect(won).toBeGreaterThan(ROUNDS / 2);
    expect(answers.length - won).toBeGreaterThan(ROUNDS / 2);
  });

  it('I1: at most one occupying claim, and it is the number’s state', async () => {
    const wrong = await rows(
      `SELECT i.identifier, i.state, array_agg(l.state) AS claims
         FROM numbering.identifiers i
         LEFT JOIN numbering.leases l ON l.identifier = i.identifier
              AND l.state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')
        GROUP BY i.identifier, i.state
       HAVING (i.state IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED')
                 AND (count(l.lease_id) <> 1 OR max(l.state) <> i.state))
           OR (i.state NOT IN ('RESERVED', 'HELD', 'LEASED', 'SUSPENDED') AND count(l.lease_id) > 0)`,
    );
    expect(wrong).toEqual([]);
  });

  it('I2, I3: versions without a gap, each with one audit row and one event, ending at the state', async () => {
    const wrong = await rows(
      `SELECT i.identifier, i.version, a.n AS audits, o.n AS events
         FROM numbering.identifiers i
         JOIN LATERAL (SELECT count(*) AS n, count(DISTINCT version) AS versions,
                              min(version) AS first, max(version) AS last,
                              (array_agg(to_state ORDER BY version DESC))[1] AS state
                         FROM numbering.audit_log WHERE identifier = i.identifier) a ON true
         JOIN LATERAL (SELECT count(*) AS n, count(DISTINCT version) AS versions
                         FROM numbering.outbox WHERE key = i.identifier) o ON true
        WHERE a.n > 0
          AND (a.n <> i.version - 1 OR a.versions <> a.n OR a.first <> 2 OR a.last <> i.version
               OR o.n <> a.n OR o.versions <> o.n OR a.state <> i.state)`,
    );
    expect(wrong).toEqual([]);
    const chained = await rows(
      `SELECT * FROM (SELECT identifier, version, from_state,
                             lag(to_state) OVER (PARTITION BY identifier ORDER BY version) AS before
                        FROM numbering.audit_log WHERE identifier IS NOT NULL) chain
        WHERE before IS NOT NULL AND before <> from_state`,
    );
    expect(chained).toEqual([]);
  });

  it('lets no time run backwards', async () => {
    const backwards = await rows(
      `SELECT * FROM (SELECT identifier, version, at,
                             lag(at) OVER (PARTITION BY identifier ORDER BY version) AS before
                        FROM numbering.audit_log WHERE identifier IS NOT NULL) chain
        WHERE before > at`,
    );
    expect(backwards).toEqual([]);
  });

  it('gave no answer that the database contradicts', async () => {
    const audits: { action: string; n: number }[] = await rows(
      `SELECT action, count(*)::integer AS n FROM numbering.audit_log
        WHERE identifier IS NOT NULL GROUP BY action`,
    );
    const written = new Map(audits.map(({ action, n }) => [action, n]));
    const wonBy = (what: string) =>
      answers.filter((each) => each.what === what && !isRefused(each.outcome)).length;
    const bulk = answers.flatMap(({ what, outcome }) =>
      what === 'BULK' && !isRefused(outcome)
        ? (outcome.answer as { items: { status: string }[] }).items
        : [],
    );
    const reserved = bulk.filter(({ status }) => status === 'reserved').length;
    expect(written.get('RESERVE')).toBe(wonBy('RESERVE') + reserved);
    for (const what of [
      'HOLD',
      'RELEASE',
      'LEASE',
      'RECALL',
      'QUARANTINE_OVERRIDE',
      'SUSPEND',
      'RESUME',
    ]) {
      expect([what, written.get(what) ?? 0]).toEqual([what, wonBy(what)]);
    }
  });

  it('counts each tenant’s leases as there are', async () => {
    const wrong = await rows(
      `SELECT t.tenant_id, t.leased_msisdn, count(l.lease_id) AS leases
         FROM numbering.tenants t
         LEFT JOIN numbering.leases l
                ON l.tenant_id = t.tenant_id AND l.state IN ('LEASED', 'SUSPENDED')
        GROUP BY t.tenant_id
       HAVING t.leased_msisdn <> count(l.lease_id)`,
    );
    expect(wrong).toEqual([]);
  });
});
