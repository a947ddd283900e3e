import specs from '@asyncapi/specs';
import { documentFaults } from '@numbering/testing';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { asyncApiDocument, publishedSchema } from './async-api';
import { CONSUMED_TOPICS } from './inbound-events';
import { PUBLISHED_TOPICS, type PublishedTopic } from './numbering-events';

interface Message {
  headers?: object;
  payload: object;
  examples: { payload?: object; headers?: object }[];
}

const document = asyncApiDocument();
const { messages } = document.components as { messages: Record<string, Message> };
const published = Object.keys(PUBLISHED_TOPICS) as PublishedTopic[];
const consumed = Object.keys(CONSUMED_TOPICS);

const faultsOf = (schema: object, value: unknown): unknown => {
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
  const isValid = ajv.compile(schema);
  return isValid(value) ? [] : isValid.errors;
};

describe('asyncapi.json', () => {
  it('is AsyncAPI 3.0 by its official schema', () => {
    const { '3.0.0': official } = specs.schemasWithoutId as Record<string, object>;
    expect(faultsOf(official ?? {}, document)).toEqual([]);
  });

  it('has nothing that a linter holds against it', async () => {
    // Who may connect is the cluster's to say, not this document's.
    const rules = { 'security-defined': 'off' } as const;
    expect(await documentFaults(document, rules)).toEqual([]);
    const { channels: _channels, ...without } = document;
    expect(await documentFaults(without, rules)).not.toEqual([]);
  });

  it('names every topic that is written or read, and the dead letters of those that are read', () => {
    const topics = [...published, ...consumed, ...consumed.map((topic) => `${topic}.dlq`)];
    expect(Object.keys(document.channels as object).sort()).toEqual(topics.sort());
    expect(Object.keys(messages).sort()).toEqual(topics.sort());
    expect(Object.keys(document.operations as object)).toHaveLength(topics.length);
  });

  it.each(Object.keys(messages))('%s has examples that fit', (topic) => {
    const { payload, headers, examples } = messages[topic] ?? { payload: {}, examples: [] };
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      if (example.payload) expect(faultsOf(payload, example.payload)).toEqual([]);
      if (example.headers) expect(faultsOf(headers ?? { not: {} }, example.headers)).toEqual([]);
    }
  });

  it.each(published)('%s: its strict schema refuses a member that nobody promised', (topic) => {
    const [example] = messages[topic]?.examples ?? [];
    const event = example?.payload as { data: object };
    const strict = publishedSchema(topic, { strict: true });
    expect(faultsOf(strict, event)).toEqual([]);
    const more = { ...event, data: { ...event.data, surplus: 1 } };
    expect(faultsOf(strict, more)).not.toEqual([]);
    const { id: _id, ...without } = event as { id?: string; data: object };
    expect(faultsOf(strict, without)).not.toEqual([]);
  });
});
