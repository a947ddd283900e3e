import { CONSUMED_TOPICS, publishedSchema, PUBLISHED_TOPICS } from '@numbering/contracts';
import { eventually, mintToken, Suite } from '@numbering/testing';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { allMessages, existingTopics } from './all-events.fixture';
import { flipped, TestOperator } from './block-import.fixture';
import { BYPASS } from './tenant-scene.fixture';

type PublishedTopic = keyof typeof PUBLISHED_TOPICS;
const TOPICS = Object.keys(PUBLISHED_TOPICS) as PublishedTopic[];

/** What the acts of this test tell of; the rest is told where other stories are tested. */
const TOLD_HERE: readonly PublishedTopic[] = [
  ...(['numbering.block.imported', 'numbering.block.rejected', 'numbering.quota.changed'] as const),
  ...(['numbering.reservation.held', 'numbering.reservation.released'] as const),
  ...(['numbering.lease.created', 'numbering.lease.suspended', 'numbering.lease.resumed'] as const),
  ...(['numbering.lease.recalled', 'numbering.identifier.quarantined'] as const),
  ...(['numbering.identifier.released', 'numbering.identifier.retired'] as const),
];

describe('US-NUM-001 to US-NUM-014: events', () => {
  const suite = new Suite();
  afterAll(() => suite.close());

  /** One number through all that portals and officers may do to it. */
  const walk = async (): Promise<string[]> => {
    const operator = await TestOperator.create(suite.admin);
    const file = operator.csv(1);
    const signature = operator.key.sign(flipped(file));
    await suite.expect(422, operator.send(file, { signature }));
    await suite.expect(201, operator.send(file));
    const [number = ''] = operator.numbers(1);
    const { id, api } = await suite.tenant('business', BYPASS);
    await suite.expect(201, api.on(number, 'reserve'));
    await suite.expect(200, api.on(number, 'hold'));
    await suite.expect(200, api.on(number, 'release'));
    await suite.expect(
      201,
      api.on(number, 'lease', { tenantId: id, term: '30d', autoRenew: true }),
    );
    const officer = `/v1/admin/numbers/${encodeURIComponent(number)}`;
    const reason = 'looked into';
    await suite.expect(200, suite.admin.post(`${officer}/suspend`, { reason }));
    await suite.expect(200, suite.admin.post(`${officer}/resume`, { reason }));
    await suite.expect(
      200,
      suite.admin.on(number, 'recall', {
        ...{ reason: 'ABUSE', actorId: suite.adminSub, ticketId: 'T-1' },
      }),
    );
    const second = suite.caller(await mintToken({ sub: 'second', scope: 'numbering:compliance' }));
    const justification = 'found to be unfounded';
    await suite.expect(200, second.post(`${officer}/quarantine/release`, { justification }));
    await suite.expect(200, suite.admin.post(`${officer}/retire`, { reason }));
    return [number, operator.operatorId, id];
  };

  it('are on their topics as /asyncapi.json promises them, all that the stack has told', async () => {
    const keys = await walk();
    await eventually(async () => {
      const waiting = await suite.sql(
        'SELECT FROM numbering.outbox WHERE key = ANY ($1) AND topic IS NOT NULL AND sent_at IS NULL',
        [keys],
      );
      expect(waiting).toEqual([]);
    });
    const messages = await allMessages(suite.stack.services.kafka.brokers, TOPICS);
    const ajv = addFormats(new Ajv({ strict: false }));
    const checks = new Map<string, ReturnType<typeof ajv.compile>>(
      TOPICS.map((topic) => [topic, ajv.compile(publishedSchema(topic, { strict: true }))]),
    );
    const unpromised = messages.flatMap(({ topic, key, headers, value }) => {
      const event = JSON.parse(value) as { subject: string; source: string };
      if (event.source === '/numbering/fixture') return [];
      const isValid = checks.get(topic);
      const isTold = isValid?.(event) === true && event.subject === key;
      const isMarked = headers['content-type'] === 'application/cloudevents+json; charset=UTF-8';
      return isTold && isMarked ? [] : [{ topic, key, headers, event, why: isValid?.errors }];
    });
    expect(unpromised).toEqual([]);
    const told = new Set(
      messages.filter(({ key }) => keys.includes(key ?? '')).map((each) => each.topic),
    );
    expect([...told]).toEqual(expect.arrayContaining([...TOLD_HERE]));
  });

  it('have their document at /asyncapi.json, and every channel of it is a topic', async () => {
    const { channels } = await suite.expect(200, suite.caller().get('/asyncapi.json'));
    const addresses = Object.values(channels as Record<string, { address: string }>).map(
      ({ address }) => address,
    );
    expect(addresses).toEqual(expect.arrayContaining([...TOPICS, ...Object.keys(CONSUMED_TOPICS)]));
    const existing = await existingTopics(suite.stack.services.kafka.brokers);
    expect(existing).toEqual(expect.arrayContaining(addresses));
  });
});
