import { randomBytes, randomUUID } from 'node:crypto';
import { eventually, Suite, TopicTap, ValidatorClient, type TestTenant } from '@numbering/testing';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';

const SUSPENDED = 'compliance.tenant.suspended';
const REINSTATED = 'compliance.tenant.reinstated';
/** A validator says so this soon after the tenant is marked, and a cascade begins. */
const PROMISED_MS = 1_000;
const PATIENCE = { withinMs: 30_000 };

describe('US-NUM-004 cascade of a suspension', () => {
  const suite = new Suite();
  const tap = new TopicTap();
  let theirs: Producer;
  let validators: ValidatorClient[];

  beforeAll(async () => {
    const { brokers } = suite.stack.services.kafka;
    const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING });
    theirs = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await theirs.connect();
    await tap.open(brokers, [
      'numbering.reservation.released',
      'numbering.lease.recalled',
      'numbering.identifier.quarantined',
      'numbering.identifier.released',
    ]);
    validators = suite.stack.apps['lease-validator'].map(
      ({ grpc = '' }) => new ValidatorClient(grpc, suite.stack.tokens.validator),
    );
  });
  afterAll(async () => {
    for (const validator of validators) validator.close();
    await tap.close();
    await theirs.disconnect();
    await suite.close();
  });

  const send = (topic: string, event: object, key = randomUUID()) =>
    theirs.send({ topic, messages: [{ key, value: JSON.stringify(event) }] });
  const leased = async (tenant: TestTenant, numbers: readonly string[]): Promise<void> => {
    const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
    for (const number of numbers) {
      await suite.expect(201, tenant.api.on(number, 'reserve'));
      await suite.expect(201, tenant.api.on(number, 'lease', terms));
    }
  };
  const standing = async (tenantId: string) =>
    (
      await suite.sql<{ status: string; suspension_ticket: string; cascade_pending: boolean }>(
        `SELECT status, suspension_ticket, cascade_pending
           FROM numbering.tenants WHERE tenant_id = $1`,
        [tenantId],
      )
    )[0];
  const workedOff = (tenantId: string) =>
    eventually(
      async () =>
        expect(await standing(tenantId)).toMatchObject({
          status: 'SUSPENDED',
          cascade_pending: false,
        }),
      PATIENCE,
    );
  const everyValidatorSays = (number: string, tenantId: string, reason: string, withinMs: number) =>
    eventually(
      async () => {
        for (const validator of validators) {
          const { valid, reason: told } = await validator.ask(number, tenantId);
          expect([valid, told]).toEqual([false, reason]);
        }
      },
      { withinMs },
    );
  const claimsOf = (tenantId: string) =>
    suite.sql<{ identifier: string; state: string }>(
      `SELECT identifier, state FROM numbering.leases WHERE tenant_id = $1 ORDER BY identifier`,
      [tenantId],
    );
  const ticketsOf = async (tenantId: string) =>
    (
      await suite.sql<{ ticket_id: string }>(
        `SELECT DISTINCT ticket_id FROM numbering.audit_log
          WHERE tenant_id = $1 AND actor = 'system:cascade'`,
        [tenantId],
      )
    ).map(({ ticket_id: ticketId }) => ticketId);

  async function isToldAsRecalled(number: string, tenantId: string): Promise<void> {
    const [recalled, quarantined] = (await tap.of(number, 2)).toSorted(byVersion);
    expect([recalled?.topic, quarantined?.topic]).toEqual([
      'numbering.lease.recalled',
      'numbering.identifier.quarantined',
    ]);
    expect(recalled?.data).toMatchObject({
      reason: 'COMPLIANCE_SUSPENSION',
      ticketId: 'C-77',
      actorId: 'system:compliance',
      tenantId,
    });
  }

  /** A short code and a sender ID beside the MSISDNs. */
  async function oddNumbers(): Promise<{ code: string; alpha: string }> {
    const code = String(10_000_000 + (randomBytes(4).readUInt32BE() % 90_000_000));
    const alpha = `S${randomBytes(4).toString('hex')}`;
    const identifiers = [{ identifier: code }, { identifier: alpha }];
    await suite.expect(200, suite.admin.post('/v1/admin/numbering/identifiers', { identifiers }));
    return { code, alpha };
  }

  it('by an event: everything the tenant has is taken back, under the event’s ticket, once', async () => {
    const [tenant, other] = [await suite.tenant(), await suite.tenant()];
    const [one = '', stopped = '', held = '', reserved = '', theirNumber = '', next = ''] =
      await suite.numbers(6);
    const { code, alpha } = await oddNumbers();
    await leased(tenant, [one, stopped, code, alpha]);
    await leased(other, [theirNumber]);
    const suspendPath = `/v1/admin/numbers/${encodeURIComponent(stopped)}/suspend`;
    await suite.expect(200, suite.admin.post(suspendPath, { reason: 'looked into' }));
    for (const number of [held, reserved]) {
      await suite.expect(201, tenant.api.on(number, 'reserve'));
    }
    await suite.expect(200, tenant.api.on(held, 'hold'));
    const event = { eventId: randomUUID(), tenantId: tenant.id, ticketId: 'C-77', reason: 'fraud' };
    await send(SUSPENDED, event);
    await workedOff(tenant.id);

    const states = new Map((await claimsOf(tenant.id)).map((row) => [row.identifier, row.state]));
    expect([one, stopped, code, alpha, held, reserved].map((each) => states.get(each))).toEqual([
      'RECALLED',
      'RECALLED',
      'RECALLED',
      'RECALLED',
      'RELEASED',
      'RELEASED',
    ]);
    expect(await ticketsOf(tenant.id)).toEqual(['C-77']);
    for (const number of [one, stopped, code]) await isToldAsRecalled(number, tenant.id);
    const freed = (await tap.of(alpha, 2)).toSorted(byVersion)[1];
    expect([freed?.topic, freed?.data]).toMatchObject([
      'numbering.identifier.released',
      { reason: 'NO_COOL_DOWN' },
    ]);
    for (const number of [held, reserved]) {
      const [released] = await tap.of(number, 1);
      expect(released?.data).toMatchObject({ reason: 'TENANT_SUSPENDED', tenantId: tenant.id });
    }
    expect(
      (await suite.expect(200, other.api.get(`/v1/numbers/${theirNumber.slice(1)}`))).state,
    ).toBe('LEASED');
    const refused = await tenant.api.on(next, 'reserve');
    expect([refused.status, refused.body.code]).toEqual([403, 'TENANT_SUSPENDED']);
  });

  it('once an event: a repeat, or one older than the last change, changes nothing', async () => {
    const tenant = await suite.tenant();
    const [next = ''] = await suite.numbers();
    const event = { eventId: randomUUID(), tenantId: tenant.id, ticketId: 'C-76' };
    await send(SUSPENDED, event);
    await workedOff(tenant.id);
    const at = new Date();
    await send(REINSTATED, { id: randomUUID(), tenantId: tenant.id });
    await eventually(
      async () => expect((await standing(tenant.id))?.status).toBe('ACTIVE'),
      PATIENCE,
    );
    const key = randomUUID();
    await send(SUSPENDED, event, key);
    const old = { id: randomUUID(), tenantId: tenant.id, time: new Date(+at - 60_000) };
    await send(SUSPENDED, old, key);
    await send(SUSPENDED, { tenantId: `${tenant.id}-marker` }, key);
    await workedOff(`${tenant.id}-marker`);
    expect((await standing(tenant.id))?.status).toBe('ACTIVE');
    await suite.expect(201, tenant.api.on(next, 'reserve'));
  });

  it('makes up a ticket where the event has none, and stands by it', async () => {
    const tenant = await suite.tenant();
    const numbers = await suite.numbers(3);
    await leased(tenant, numbers);
    const data = { tenantId: tenant.id };
    await send(SUSPENDED, { specversion: '1.0', id: randomUUID(), source: '/c', type: 't', data });
    await workedOff(tenant.id);
    const { suspension_ticket: ticket } = (await standing(tenant.id)) ?? {};
    expect(ticket).toMatch(/\S/);
    expect(await ticketsOf(tenant.id)).toEqual([ticket]);
  });

  it('by an admin: validators refuse within a second, and the recalls begin by themselves', async () => {
    const tenant = await suite.tenant();
    const numbers = await suite.numbers(2);
    await leased(tenant, numbers);
    const [number = ''] = numbers;
    for (const validator of validators) {
      expect(await validator.ask(number, tenant.id)).toMatchObject({ valid: true });
    }
    const route = `/v1/admin/numbering/tenants/${tenant.id}`;
    const ask = { ticketId: 'C-78', reason: 'fraud' };
    const shown = await suite.expect(200, suite.admin.post(`${route}/suspend`, ask));
    expect(shown).toMatchObject({ tenantId: tenant.id, status: 'SUSPENDED' });
    await everyValidatorSays(number, tenant.id, 'LEASE_SUSPENDED', PROMISED_MS);
    await workedOff(tenant.id);
    await everyValidatorSays(number, tenant.id, 'LEASE_SUSPENDED', PROMISED_MS);
    const back = await suite.expect(200, suite.admin.post(`${route}/reinstate`));
    expect(back).toMatchObject({ status: 'ACTIVE' });
    // What was recalled stays recalled.
    await everyValidatorSays(number, tenant.id, 'LEASE_RECALLED', PROMISED_MS);
  });

  it('without cascade: nothing is recalled, and reinstate gives everything back', async () => {
    const tenant = await suite.tenant();
    const [number = '', next = ''] = await suite.numbers(2);
    await leased(tenant, [number]);
    const route = `/v1/admin/numbering/tenants/${tenant.id}`;
    const ask = { ticketId: 'C-79', reason: 'looked into', cascade: false };
    await suite.expect(200, suite.admin.post(`${route}/suspend`, ask));
    await everyValidatorSays(number, tenant.id, 'LEASE_SUSPENDED', PROMISED_MS);
    for (const action of ['reserve', 'hold', 'lease']) {
      const terms = { tenantId: tenant.id, term: '30d', autoRenew: false };
      const refused = await tenant.api.on(next, action, action === 'lease' ? terms : {});
      expect(refused.status).toBeGreaterThanOrEqual(403);
    }
    expect((await tenant.api.on(next, 'reserve')).body.code).toBe('TENANT_SUSPENDED');
    expect(await claimsOf(tenant.id)).toMatchObject([{ state: 'LEASED' }]);
    await suite.expect(200, suite.admin.post(`${route}/reinstate`));
    await eventually(
      async () => {
        for (const validator of validators) {
          expect(await validator.ask(number, tenant.id)).toMatchObject({ valid: true });
        }
      },
      { withinMs: PROMISED_MS },
    );
    await suite.expect(201, tenant.api.on(next, 'reserve'));
  });
});

const byVersion = (
  a: { data: { identifierVersion?: number } },
  b: { data: { identifierVersion?: number } },
): number => (a.data.identifierVersion ?? 0) - (b.data.identifierVersion ?? 0);
