import { leaseMany } from '@numbering/testing';
import { numberPath, openDoor, type Calls, type Door } from './testing/door';

const WHY = { reason: 'looked into', ticketId: 'T-1' };
const STATES = [
  'AVAILABLE',
  'RESERVED',
  'HELD',
  'LEASED',
  'SUSPENDED',
  'QUARANTINE',
  'RETIRED',
] as const;
type State = (typeof STATES)[number];
/** Where each act leads; elsewhere it is refused. */
const ACTS: Record<string, { body: object; to: Partial<Record<State, State>>; event: string }> = {
  suspend: { body: WHY, to: { LEASED: 'SUSPENDED' }, event: 'numbering.lease.suspended' },
  resume: { body: WHY, to: { SUSPENDED: 'LEASED' }, event: 'numbering.lease.resumed' },
  retire: {
    body: WHY,
    to: { AVAILABLE: 'RETIRED', QUARANTINE: 'RETIRED' },
    event: 'numbering.identifier.retired',
  },
  'quarantine/release': {
    body: { justification: 'recalled by mistake' },
    to: { QUARANTINE: 'AVAILABLE' },
    event: 'numbering.identifier.released',
  },
};

describe('US-NUM-004 and US-NUM-006: what officers do with one number', () => {
  let door: Door;
  let owner: Calls;
  let officer: Calls;
  beforeAll(async () => {
    door = await openDoor();
    owner = await door.tenant('owner');
    const scope = 'numbering:read numbering:admin numbering:compliance';
    officer = door.as(await door.issuer.token({ sub: 'officer-2', scope }));
  });
  afterAll(() => door.close());

  const adminPath = (number: string, act: string) =>
    `/v1/admin/numbers/${encodeURIComponent(number)}/${act}`;
  async function inState(state: State): Promise<string> {
    const [number = ''] = await door.numbers(1);
    const recall = { reason: 'NON_PAYMENT', actorId: 'admin-1' };
    if (state === 'RESERVED' || state === 'HELD') await owner.post(numberPath(number, 'reserve'));
    if (state === 'HELD') await owner.post(numberPath(number, 'hold'));
    if (['LEASED', 'SUSPENDED', 'QUARANTINE'].includes(state)) {
      await leaseMany(door.sql, 'owner', [number]);
    }
    if (state === 'SUSPENDED') await door.admin.post(adminPath(number, 'suspend'), WHY);
    if (state === 'QUARANTINE') await door.admin.post(numberPath(number, 'recall'), recall);
    if (state === 'RETIRED') await door.admin.post(adminPath(number, 'retire'), WHY);
    expect((await officer.get(numberPath(number))).body['state']).toBe(state);
    return number;
  }

  it.each(
    Object.entries(ACTS).flatMap(([act, { body, to, event }]) =>
      STATES.map((state) => ({ act, state, to: to[state], body, event })),
    ),
  )('$act of what is $state → $to', async ({ act, state, to, body, event }) => {
    const number = await inState(state);
    const before = await officer.get(numberPath(number));
    const answer = await officer.post(adminPath(number, act), body);
    const shown = await officer.get(numberPath(number));
    if (to === undefined) {
      expect([answer.status, answer.body.code]).toEqual([409, 'INVALID_STATE']);
      expect(answer.body['state']).toBe(state);
      expect(shown.body).toEqual(before.body);
      return;
    }
    expect([answer.status, answer.body]).toEqual([200, shown.body]);
    expect(shown.body['state']).toBe(to);
    const [told] = await door.sql(
      `SELECT o.topic, a.actor, a.to_state, a.reason
         FROM numbering.audit_log a
         JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
        WHERE a.identifier = $1 ORDER BY a.version DESC LIMIT 1`,
      [number],
    );
    const reason = 'reason' in body ? body.reason : 'recalled by mistake';
    expect(told).toEqual({ topic: event, actor: 'officer-2', to_state: to, reason });
  });

  it.each(Object.keys(ACTS))(
    '%s of what is not in the ledger, or no number at all',
    async (act) => {
      const { body } = ACTS[act] ?? {};
      const unknown = await officer.post(adminPath('+93799999999', act), body);
      expect([unknown.status, unknown.body.code]).toEqual([404, 'UNKNOWN_IDENTIFIER']);
      const none = await officer.post(adminPath('+1', act), body);
      expect([none.status, none.body.code]).toEqual([422, 'INVALID_IDENTIFIER']);
    },
  );

  it('keeps term and quota slot of a suspended lease, which is still its tenant’s', async () => {
    const number = await inState('LEASED');
    const used = async () => {
      const { items = [] } = (await owner.get('/v1/quotas')).body;
      return items.find(({ identifierClass }) => identifierClass === 'MSISDN')?.['current'];
    };
    const [before, lease] = [await used(), (await owner.get(numberPath(number))).body];
    await officer.post(adminPath(number, 'suspend'), WHY);
    expect(await used()).toBe(before);
    expect((await owner.get(numberPath(number))).body).toEqual({ ...lease, state: 'SUSPENDED' });
    const recalled = await owner.post(numberPath(number, 'recall'), {
      reason: 'TENANT_REQUEST',
      actorId: 'user-owner',
    });
    expect([recalled.status, recalled.body]).toMatchObject([200, { leaseState: 'RECALLED' }]);
    expect(await used()).toBe(Number(before) - 1);
  });
});
