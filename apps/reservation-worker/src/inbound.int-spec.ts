import { randomUUID } from 'node:crypto';
import { ChangeTenant, ReinstateTenant, SuspendTenant } from '@numbering/lifecycle';
import { createLog, EventProducer } from '@numbering/platform';
import { eventually } from '@numbering/testing';
import { Kafka, logLevel, Partitioners, type Producer } from 'kafkajs';
import { InboundConsumer } from './inbound.consumer';
import { KafkaTopics } from './kafka-topics';
import { brokersOfTest, readTopics, type TopicReader } from './testing/kafka-reader';
import { openWorld, type World } from './testing/worker-fixture';

jest.setTimeout(60_000);

const SUSPENDED = 'compliance.tenant.suspended';
const REINSTATED = 'compliance.tenant.reinstated';
const PLAN = 'billing.plan.changed';
const MINUTE_MS = 60_000;

describe('events of other teams', () => {
  const run = randomUUID().slice(0, 8);
  const log = createLog({ app: 'test', logLevel: 'silent' });
  const kafka = new Kafka({ brokers: brokersOfTest(), logLevel: logLevel.NOTHING });
  let world: World;
  let theirs: Producer;
  let deadLetter: EventProducer;
  let consumer: InboundConsumer;
  let dead: TopicReader;

  beforeAll(async () => {
    world = await openWorld();
    const topics = new KafkaTopics(kafka, log);
    topics.start();
    await eventually(() => expect(topics.areThere).toBe(true), { withinMs: 20_000 });
    await topics.stop();
    theirs = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await theirs.connect();
    deadLetter = new EventProducer(kafka, log);
    deadLetter.start();
    dead = await readTopics([`${SUSPENDED}.dlq`, `${PLAN}.dlq`], (key) => key.startsWith(run));
    consumer = new InboundConsumer(
      kafka,
      world.lifecycle.get(SuspendTenant),
      world.lifecycle.get(ReinstateTenant),
      world.lifecycle.get(ChangeTenant),
      deadLetter,
      log,
      `test-${run}`,
    );
    consumer.start();
  });
  afterAll(async () => {
    await consumer.stop();
    await dead.close();
    await deadLetter.stop();
    await theirs.disconnect();
    await world.close();
  });

  const send = async (topic: string, key: string, value: Buffer | object): Promise<string> => {
    const bytes = value instanceof Buffer ? value : Buffer.from(JSON.stringify(value));
    const [sent] = await theirs.send({ topic, messages: [{ key, value: bytes }] });
    return `${sent?.partition}:${sent?.baseOffset}`;
  };
  const cloudEvent = (data: object, at: Date, id: string = randomUUID()) => ({
    specversion: '1.0',
    id,
    source: '/theirs',
    type: 'theirs',
    time: at.toISOString(),
    data,
  });
  const tenant = async (tenantId: string) => {
    const [row] = await world.source.query(
      `SELECT status, plan, version, suspension_ticket, cascade_pending
         FROM numbering.tenants WHERE tenant_id = $1`,
      [tenantId],
    );
    return row;
  };
  const isSo = (tenantId: string, expected: object): Promise<void> =>
    eventually(async () => expect(await tenant(tenantId)).toMatchObject(expected), {
      withinMs: 30_000,
    });
  const auditsOf = async (tenantId: string): Promise<string[]> => {
    const rows = await world.source.query(
      'SELECT action FROM numbering.audit_log WHERE tenant_id = $1 ORDER BY audit_id',
      [tenantId],
    );
    return rows.map((row: { action: string }) => row.action);
  };
  /** What stands behind another message of the same key has been read when that has its effect. */
  const afterAllOf = async (key: string): Promise<void> => {
    const marker = `${key}-marker-${randomUUID()}`;
    await send(PLAN, key, { tenantId: marker, plan: 'business' });
    await send(SUSPENDED, key, { tenantId: marker });
    await send(REINSTATED, key, { tenantId: `${marker}-r` });
    await isSo(marker, { plan: 'business', status: 'SUSPENDED' });
  };

  it('suspend a tenant under the ticket of the event, and only mark it', async () => {
    const tenantId = `${run}-plain`;
    await send(SUSPENDED, tenantId, { tenantId, ticketId: 'T-1', reason: 'fraud' });
    await isSo(tenantId, {
      status: 'SUSPENDED',
      suspension_ticket: 'T-1',
      cascade_pending: true,
    });
    expect(await auditsOf(tenantId)).toEqual(['TENANT_SUSPEND']);
  });

  it('reinstate it, and change its plan', async () => {
    const tenantId = `${run}-cloud`;
    const now = Date.now();
    await send(SUSPENDED, tenantId, cloudEvent({ tenantId }, new Date(now - 2_000)));
    await isSo(tenantId, { status: 'SUSPENDED' });
    await send(REINSTATED, tenantId, cloudEvent({ tenantId }, new Date(now - 1_000)));
    await isSo(tenantId, { status: 'ACTIVE', cascade_pending: false });
    await send(PLAN, tenantId, cloudEvent({ tenantId, plan: 'premium' }, new Date(now)));
    await isSo(tenantId, { plan: 'premium' });
  });

  it('change nothing when they come again', async () => {
    const tenantId = `${run}-again`;
    const event = cloudEvent({ tenantId }, new Date());
    await send(SUSPENDED, tenantId, event);
    await send(SUSPENDED, tenantId, event);
    await send(SUSPENDED, tenantId, { eventId: event.id, tenantId });
    await afterAllOf(tenantId);
    expect(await auditsOf(tenantId)).toEqual(['TENANT_SUSPEND']);
  });

  it('change nothing when they are older than the last change', async () => {
    const tenantId = `${run}-older`;
    const now = Date.now();
    await send(SUSPENDED, tenantId, cloudEvent({ tenantId }, new Date(now)));
    await isSo(tenantId, { status: 'SUSPENDED' });
    await send(REINSTATED, tenantId, cloudEvent({ tenantId }, new Date(now - MINUTE_MS)));
    await send(REINSTATED, tenantId, cloudEvent({ tenantId: `${tenantId}-last` }, new Date(now)));
    await isSo(`${tenantId}-last`, { status: 'ACTIVE' });
    expect(await tenant(tenantId)).toMatchObject({ status: 'SUSPENDED' });
    expect(await auditsOf(tenantId)).toEqual(['TENANT_SUSPEND']);
  });

  it('go to the dead letter topic as they came where they cannot be read', async () => {
    const key = `${run}-poison`;
    const poison = Buffer.from([0x7b, 0x22, 0xff, 0x00, 0x80, 0x7d]);
    const place = await send(SUSPENDED, key, poison);
    await send(PLAN, key, { tenantId: key, plan: 'gold' });
    await send(SUSPENDED, key, { tenantId: key });
    await isSo(key, { status: 'SUSPENDED', plan: 'starter' });
    // Whoever else reads these topics sets it aside too.
    const inTopic = (topic: string) => dead.messages.filter((each) => each.topic === topic);
    await eventually(
      () => {
        expect(inTopic(`${SUSPENDED}.dlq`)).not.toEqual([]);
        expect(inTopic(`${PLAN}.dlq`)).not.toEqual([]);
      },
      { withinMs: 20_000 },
    );
    const [letter] = inTopic(`${SUSPENDED}.dlq`);
    expect(letter?.key).toBe(key);
    expect(letter?.value.equals(poison)).toBe(true);
    const headers = Object.fromEntries(
      Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    );
    const [partition, offset] = place.split(':');
    expect(headers).toEqual({
      reason: 'the value is not UTF-8',
      topic: SUSPENDED,
      partition,
      offset,
    });
  });

  it('go aside one by one, however they are broken, and keep none that is whole', async () => {
    const key = `${run}-broken`;
    const broken = [
      '',
      '{',
      'null',
      '7',
      '[]',
      '{"tenantId":""}',
      '{"tenantId":" "}',
      '{"tenantId":null}',
      '{"tenantId":7}',
      '{"tenantId":{"of":"mine"}}',
      '{"tenantId":"a\\u0000b"}',
      `{"tenantId":"${'t'.repeat(900_000)}"}`,
      `{"tenantId":"${key}","ticketId":7}`,
      `{"tenantId":"${key}","time":"yesterday"}`,
      `{"specversion":"1.0","id":"1","data":{}}`,
    ].map((text) => Buffer.from(text));
    const places: string[] = [];
    for (const bytes of broken) places.push(await send(SUSPENDED, key, bytes));
    await send(SUSPENDED, key, { tenantId: key, ticketId: 'T-whole' });
    await isSo(key, { status: 'SUSPENDED', suspension_ticket: 'T-whole' });
    // Whoever else reads the topic sets them aside too: one letter a place is looked at.
    const letters = () =>
      new Map(
        dead.messages
          .filter((each) => each.key === key)
          .map((each) => [`${each.headers['partition']}:${each.headers['offset']}`, each]),
      );
    await eventually(() => expect([...letters().keys()]).toEqual(places), { withinMs: 20_000 });
    const came = [...letters().values()].map(({ value }, i) => value.equals(broken[i] ?? value));
    expect(came).toEqual(places.map(() => true));
    for (const { headers } of letters().values()) expect(String(headers['reason'])).toMatch(/\S/);
  });

  it('wait for a store that is away, in their order, and are not set aside for that', async () => {
    const tenantId = `${run}-waits`;
    const warned = jest.spyOn(log, 'warn');
    const blocker = world.source.createQueryRunner();
    await blocker.startTransaction();
    await blocker.query('LOCK TABLE numbering.tenants IN ACCESS EXCLUSIVE MODE');
    await send(SUSPENDED, tenantId, { tenantId, ticketId: 'T-first' });
    await send(SUSPENDED, tenantId, { tenantId, ticketId: 'T-second' });
    await eventually(
      () => expect(warned).toHaveBeenCalledWith(expect.anything(), 'tried again later'),
      { withinMs: 20_000 },
    );
    await blocker.rollbackTransaction();
    await blocker.release();
    await isSo(tenantId, { status: 'SUSPENDED', suspension_ticket: 'T-second' });
    const tickets = await world.source.query(
      `SELECT ticket_id FROM numbering.audit_log WHERE tenant_id = $1 ORDER BY audit_id`,
      [tenantId],
    );
    expect(tickets).toEqual([{ ticket_id: 'T-first' }, { ticket_id: 'T-second' }]);
    expect(dead.messages.filter((each) => each.key === tenantId)).toEqual([]);
  });
});
