import { RECALL_REASONS } from '@numbering/contracts';
import { leaseMany } from '@numbering/testing';
import { numberPath, openDoor, type Calls, type Door } from './testing/door';

const ADMIN = '/v1/admin/numbering';
const DAY_MS = 86_400_000;
const WITH_TICKET = new Set(['REGULATOR_ORDER', 'ABUSE']);
const TICKETS = [undefined, null, '', ' \t', 'T-1'];

describe('US-NUM-004 recall', () => {
  let door: Door;
  let owner: Calls;

  beforeAll(async () => {
    door = await openDoor();
    owner = await door.tenant('owner');
  });
  afterAll(() => door.close());

  const leased = async (): Promise<string> => {
    const [number = ''] = await door.numbers(1);
    await leaseMany(door.sql, 'owner', [number]);
    return number;
  };
  const caller = async (claims: Parameters<Door['issuer']['token']>[0]) =>
    door.as(await door.issuer.token(claims));
  const recall = (by: Calls, number: string, body: object) =>
    by.post(numberPath(number, 'recall'), body);
  const rowOf = async (number: string) =>
    (
      await door.sql<{ state: string; version: number }>(
        'SELECT state, version FROM numbering.identifiers WHERE identifier = $1',
        [number],
      )
    )[0];
  let made = 0;
  /** One of a class, leased to the owner by way of the door. */
  const leasedOf = async (identifierClass: string, vanity = false): Promise<string> => {
    const nth = String(++made).padStart(4, '0');
    const identifier = identifierClass === 'ALPHA' ? `Brand ${nth}` : `7${nth}`;
    const item = { identifier, identifierClass, vanityEligible: vanity };
    await door.admin.post(`${ADMIN}/identifiers`, { identifiers: [item] });
    await door.admin.put(`${ADMIN}/tenants/owner`, { plan: 'enterprise' });
    expect((await owner.post(numberPath(identifier, 'reserve'))).status).toBe(201);
    const terms = { tenantId: 'owner', term: '1y', autoRenew: false, vanityFlag: vanity };
    expect((await owner.post(numberPath(identifier, 'lease'), terms)).status).toBe(201);
    return identifier;
  };

  it.each(
    RECALL_REASONS.flatMap((reason) => TICKETS.map((ticketId) => [reason, ticketId] as const)),
  )('for %s under the ticket %j', async (reason, ticketId) => {
    const number = await leased();
    const { status, body } = await recall(door.admin, number, {
      reason,
      actorId: 'admin-1',
      ...(ticketId === undefined ? {} : { ticketId }),
    });
    if (WITH_TICKET.has(reason) && !ticketId?.trim()) {
      expect([status, body.code]).toEqual([422, 'TICKET_REQUIRED']);
      expect(await rowOf(number)).toEqual({ state: 'LEASED', version: 2 });
      return;
    }
    expect([status, body]).toMatchObject([
      200,
      { leaseState: 'RECALLED', identifier: number, state: 'QUARANTINE' },
    ]);
    const told = await door.sql(
      `SELECT a.action, a.version, a.actor, a.reason, a.ticket_id, o.topic
           FROM numbering.audit_log a
           JOIN numbering.outbox o ON o.key = a.identifier AND o.version = a.version
          WHERE a.identifier = $1 AND a.version > 2 ORDER BY a.version`,
      [number],
    );
    const row = { actor: 'admin-1', reason, ticket_id: ticketId?.trim() ? ticketId : null };
    expect(told).toEqual([
      { ...row, action: 'RECALL', version: 3, topic: 'numbering.lease.recalled' },
      { ...row, action: 'QUARANTINE', version: 4, topic: 'numbering.identifier.quarantined' },
    ]);
  });

  it.each([
    ['numbering:read numbering:write', 'TENANT_REQUEST', 200, undefined],
    ['numbering:read numbering:write', 'NON_PAYMENT', 403, 'FORBIDDEN'],
    ['numbering:read numbering:write numbering:lease:bypass', 'ABUSE', 403, 'FORBIDDEN'],
    ['numbering:write numbering:tenants:any', 'REGULATOR_ORDER', 403, 'FORBIDDEN'],
    ['numbering:read', 'TENANT_REQUEST', 403, 'FORBIDDEN'],
    ['numbering:validate', 'TENANT_REQUEST', 403, 'FORBIDDEN'],
    ['numbering:admin', 'OPERATOR_WITHDRAWAL', 200, undefined],
    ['numbering:compliance', 'COMPLIANCE_SUSPENSION', 200, undefined],
    ['numbering:compliance', 'TENANT_REQUEST', 200, undefined],
  ])('by the owner’s user with %s for %s: %d %s', async (scope, reason, status, code) => {
    const number = await leased();
    const by = await caller({ tenant: 'owner', sub: 'anna', scope });
    const answer = await recall(by, number, { reason, actorId: 'anna', ticketId: 'T-1' });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([
    ['anna', 'numbering:write', 'anna', 200, undefined],
    ['anna', 'numbering:write', 'Anna', 403, 'ACTOR_MISMATCH'],
    ['system:desk', 'numbering:write', 'anna', 403, 'ACTOR_MISMATCH'],
    ['system:desk', 'numbering:compliance', 'anna', 403, 'ACTOR_MISMATCH'],
    ['admin-9', 'numbering:admin', 'anna', 403, 'ACTOR_MISMATCH'],
    ['system:desk', 'numbering:admin', 'anna', 200, undefined],
  ])('by %s with %s in the name of %s: %d %s', async (sub, scope, actorId, status, code) => {
    const number = await leased();
    const by = await caller({ tenant: 'owner', sub, scope });
    const { status: told, body } = await recall(by, number, { reason: 'TENANT_REQUEST', actorId });
    expect([told, body.code]).toEqual([status, code]);
    expect((await rowOf(number))?.version).toBe(status === 200 ? 4 : 2);
  });

  it('of another tenant’s lease is NOT_OWNER, and never says whose it is', async () => {
    const number = await leased();
    const other = await door.tenant('other');
    const answer = await recall(other, number, { reason: 'TENANT_REQUEST', actorId: 'user-other' });
    expect([answer.status, answer.body.code]).toEqual([403, 'NOT_OWNER']);
    expect(answer.text).not.toContain('"owner"');
  });

  it('of what is not leased is INVALID_STATE, with the state', async () => {
    const [free = '', reserved = '', held = '', cooling = '', retired = ''] = await door.numbers(5);
    for (const number of [reserved, held]) await owner.post(numberPath(number, 'reserve'));
    await owner.post(numberPath(held, 'hold'));
    await leaseMany(door.sql, 'owner', [cooling]);
    const ask = { reason: 'NON_PAYMENT', actorId: 'admin-1' };
    await recall(door.admin, cooling, ask);
    await door.admin.post(`/v1/admin/numbers/${encodeURIComponent(retired)}/retire`, {
      reason: 'returned',
    });
    const states = [];
    for (const number of [free, reserved, held, cooling, retired]) {
      const { status, body } = await recall(door.admin, number, ask);
      expect([status, body.code]).toEqual([409, 'INVALID_STATE']);
      states.push(body['state']);
    }
    expect(states).toEqual(['AVAILABLE', 'RESERVED', 'HELD', 'QUARANTINE', 'RETIRED']);
  });

  it.each([
    ['MSISDN', false, 90],
    ['SHORT_CODE', false, 30],
    ['SHORT_CODE', true, 365],
  ])('cools a %s (vanity %s) down for %d days', async (identifierClass, vanity, days) => {
    const number =
      identifierClass === 'MSISDN' ? await leased() : await leasedOf(identifierClass, vanity);
    const { body } = await recall(door.admin, number, {
      reason: 'NON_PAYMENT',
      actorId: 'admin-1',
    });
    const [{ at }] = (await door.sql<{ at: Date }>(
      `SELECT at FROM numbering.audit_log WHERE identifier = $1 AND action = 'RECALL'`,
      [number],
    )) as [{ at: Date }];
    expect(Date.parse(String(body['availableAt'])) - at.getTime()).toBe(days * DAY_MS);
    const reserved = await owner.post(numberPath(number, 'reserve'));
    expect(reserved.body).toMatchObject({
      code: 'QUARANTINE_ACTIVE',
      state: 'QUARANTINE',
      availableAt: body['availableAt'],
    });
  });

  it('frees a sender ID at once, but not for whom it was recalled from for abuse', async () => {
    const number = await leasedOf('ALPHA');
    const ask = { reason: 'ABUSE', actorId: 'admin-1', ticketId: 'T-2' };
    const { body } = await recall(door.admin, number, ask);
    expect(body).toMatchObject({ state: 'AVAILABLE', leaseState: 'RECALLED' });
    expect(Date.parse(String(body['availableAt']))).not.toBeNaN();
    const lease = { tenantId: 'owner', term: '30d', autoRenew: false };
    const bypassing = await caller({
      tenant: 'owner',
      sub: 'anna',
      scope: 'numbering:write numbering:lease:bypass',
    });
    for (const refused of [
      await owner.post(numberPath(number, 'reserve')),
      await bypassing.post(numberPath(number, 'lease'), lease),
    ]) {
      expect([refused.status, refused.body.code]).toEqual([403, 'SELF_BYPASS_FORBIDDEN']);
    }
    const many = await owner.post('/v1/numbers/reservations', { identifiers: [number] });
    expect(many.body.items).toMatchObject([{ status: 'refused', code: 'SELF_BYPASS_FORBIDDEN' }]);

    // The next tenant is recalled too: each is barred until its own day.
    const second = await door.tenant('second');
    expect((await second.post(numberPath(number, 'reserve'))).status).toBe(201);
    const terms = { tenantId: 'second', term: '30d', autoRenew: false };
    expect((await second.post(numberPath(number, 'lease'), terms)).status).toBe(201);
    await recall(door.admin, number, ask);
    await door.sql(
      `UPDATE numbering.recall_bars SET until = clock_timestamp()
        WHERE identifier = $1 AND tenant_id = 'owner'`,
      [number],
    );
    const barred = await second.post(numberPath(number, 'reserve'));
    expect(barred.body.code).toBe('SELF_BYPASS_FORBIDDEN');
    const until = Date.parse(String(barred.body['availableAt']));
    expect(Math.round((until - Date.now()) / DAY_MS)).toBe(30);
    expect((await owner.post(numberPath(number, 'reserve'))).status).toBe(201);
  });

  it('frees a sender ID for everybody where the reason was no abuse', async () => {
    const number = await leasedOf('ALPHA');
    await recall(owner, number, { reason: 'TENANT_REQUEST', actorId: 'user-owner' });
    expect((await owner.post(numberPath(number, 'reserve'))).status).toBe(201);
  });
});
