import { z } from 'zod';
import { cloudEvent } from './envelope';
import { EXAMPLE_IDENTIFIER, IDENTIFIER_DOCS, INBOUND_DOCS, LEDGER_DOCS } from './event-docs';
import {
  CONSUMED_TOPICS,
  INBOUND_CLOUD_EVENT,
  INBOUND_PLAIN,
  INBOUND_SCHEMAS,
  type InboundTopic,
} from './inbound-events';
import { PUBLISHED_TOPICS, publishedData, type PublishedTopic } from './numbering-events';

const CONTENT_TYPE = 'application/cloudevents+json';
const EXAMPLE_ID = '8c0f6d8e-3a57-4a3e-9d7b-2f3f5d7c9e01';
const EXAMPLE_TIME = '2026-03-01T09:30:00.000Z';

const DESCRIPTION = `What the Numbering Service tells over Kafka, and what it listens to.

Topic = event name. Every value is a CloudEvent 1.0 in structured JSON. Events are written in the
transaction of their change and leave at least once: drop repeats by \`id\`. Those of one identifier
stand in commit order within a topic; over all topics merge them by \`data.identifierVersion\`, which
grows by one with each event, none missing. Members may be added: ignore those that you do not know.`;

type Json = Record<string, unknown>;

/** The document of `GET /asyncapi.json`, AsyncAPI 3, made from the schemas that type the events. */
export function asyncApiDocument(): Json {
  const published = keysOf(PUBLISHED_TOPICS);
  const consumed = keysOf(CONSUMED_TOPICS);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Numbering Service events',
      version: '1',
      description: DESCRIPTION,
      license: { name: 'Proprietary' },
      contact: { name: 'Commerce Engineering' },
    },
    defaultContentType: CONTENT_TYPE,
    servers: {
      kafka: {
        host: '{brokers}',
        protocol: 'kafka',
        description: 'The platform’s cluster',
        variables: { brokers: { default: 'localhost:9092', description: 'As KAFKA_BROKERS' } },
      },
    },
    channels: Object.fromEntries([
      ...published.map((topic) => [topic, channelOf(topic, PUBLISHED_TOPICS[topic])]),
      ...consumed.map((topic) => [topic, channelOf(topic, CONSUMED_TOPICS[topic])]),
      ...consumed.map((topic) => [deadLetter(topic), channelOf(deadLetter(topic))]),
    ]),
    operations: Object.fromEntries([
      ...published.map((topic) => [`publish:${topic}`, operationOf('send', topic)]),
      ...consumed.map((topic) => [`consume:${topic}`, operationOf('receive', topic)]),
      ...consumed.map((topic) => [`set-aside:${topic}`, operationOf('send', deadLetter(topic))]),
    ]),
    components: {
      messages: Object.fromEntries([
        ...published.map((topic) => [topic, publishedMessage(topic)]),
        ...consumed.map((topic) => [topic, consumedMessage(topic)]),
        ...consumed.map((topic) => [deadLetter(topic), deadLetterMessage(topic)]),
      ]),
    },
  };
}

/** The schema of a whole message of a topic; `strict` refuses members that it does not name. */
export function publishedSchema(topic: PublishedTopic, { strict }: { strict: boolean }): Json {
  const event = z.object({
    specversion: z.literal('1.0'),
    id: z.uuid().describe('The key to drop repeats by'),
    source: z
      .string()
      .regex(/^\/numbering\//)
      .describe('The app that made the change'),
    type: z.literal(topic),
    subject: z.string().describe(`The key. ${docsOf(topic).key}`),
    time: z.iso.datetime().describe('The database’s clock at the change'),
    datacontenttype: z.literal('application/json'),
    data: publishedData(topic),
  });
  return jsonSchema(event, strict ? 'output' : 'input');
}

const keysOf = <K extends string>(topics: Readonly<Record<K, number>>): K[] =>
  Object.keys(topics) as K[];

/** As the consumer names it, which is platform's. */
const deadLetter = (topic: InboundTopic): string => `${topic}.dlq`;

const docsOf = (topic: PublishedTopic) => ({ ...IDENTIFIER_DOCS, ...LEDGER_DOCS })[topic];

/** What a reader writes is an `input`, which may have members that nobody knows. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _draft, ...made } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io,
    // The format says it already, in fewer characters.
    override: ({ jsonSchema: each }) => void (each.format && delete each.pattern),
  });
  return made;
}

const channelOf = (topic: string, partitions?: number): Json => ({
  address: topic,
  servers: [{ $ref: '#/servers/kafka' }],
  messages: { event: { $ref: `#/components/messages/${topic}` } },
  bindings: { kafka: { topic, ...(partitions ? { partitions } : {}), bindingVersion: '0.5.0' } },
});

const operationOf = (action: 'send' | 'receive', topic: string): Json => ({
  action,
  channel: { $ref: `#/channels/${topic}` },
  messages: [{ $ref: `#/channels/${topic}/messages/event` }],
});

const keyOf = (description: string): Json => ({
  kafka: { key: { type: 'string', description }, bindingVersion: '0.5.0' },
});

function publishedMessage(topic: PublishedTopic): Json {
  const { summary, key, example } = docsOf(topic);
  const data = topic in IDENTIFIER_DOCS ? { ...EXAMPLE_IDENTIFIER, ...example } : example;
  const event = cloudEvent({
    id: EXAMPLE_ID,
    app: 'inventory-api',
    type: topic,
    subject: subjectOf(data),
    time: EXAMPLE_TIME,
    data,
  });
  const headers = { 'content-type': `${CONTENT_TYPE}; charset=UTF-8` };
  return {
    name: topic,
    title: topic,
    summary,
    contentType: CONTENT_TYPE,
    headers: textMembers({ 'content-type': headers['content-type'] }),
    payload: publishedSchema(topic, { strict: false }),
    bindings: keyOf(key),
    examples: [{ summary, headers, payload: event }],
  };
}

function subjectOf(data: Json): string {
  const { identifier, operatorId, tenantId, date } = data;
  return String(identifier ?? operatorId ?? tenantId ?? date);
}

function consumedMessage(topic: InboundTopic): Json {
  const { summary, key, example } = INBOUND_DOCS[topic];
  const data = INBOUND_SCHEMAS[topic];
  const facts = { id: EXAMPLE_ID, time: EXAMPLE_TIME };
  return {
    name: topic,
    title: topic,
    summary,
    description:
      'Plain JSON, or a CloudEvent in structured or binary mode. A repeat is known by `id` or ' +
      '`eventId`, else by its place in the topic. What happened before the tenant’s last change ' +
      '(`time`, else Kafka’s own) changes nothing. What cannot be read goes to the dead letters.',
    contentType: 'application/json',
    payload: {
      anyOf: [
        { title: 'Plain JSON', ...jsonSchema(INBOUND_PLAIN.extend(data.shape), 'input') },
        { title: 'CloudEvent', ...jsonSchema(INBOUND_CLOUD_EVENT.extend({ data }), 'input') },
      ],
    },
    bindings: keyOf(key),
    examples: [
      { name: 'plain', payload: { ...facts, ...example } },
      { name: 'cloudEvent', payload: { specversion: '1.0', ...facts, data: example } },
    ],
  };
}

function deadLetterMessage(topic: InboundTopic): Json {
  const headers = {
    reason: 'Why nobody could read it',
    topic: 'Where it came from',
    partition: 'Its partition there',
    offset: 'Its offset there',
  };
  return {
    name: deadLetter(topic),
    title: deadLetter(topic),
    summary: 'What could not be read, its bytes and headers as they came',
    contentType: 'application/octet-stream',
    headers: textMembers(headers),
    payload: { description: 'Any bytes' },
    bindings: keyOf('As it came'),
    examples: [
      { headers: { reason: 'tenantId: expected string', topic, partition: '0', offset: '17' } },
    ],
  };
}

const textMembers = (members: Readonly<Record<string, string>>): Json => ({
  type: 'object',
  required: Object.keys(members),
  properties: Object.fromEntries(
    Object.entries(members).map(([name, description]) => [name, { type: 'string', description }]),
  ),
});
