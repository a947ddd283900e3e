import {
  INBOUND_CLOUD_EVENT,
  INBOUND_PLAIN,
  INBOUND_SCHEMAS,
  type InboundData,
  type InboundTopic,
} from '@numbering/contracts';
import { UnreadableMessage, type InboundMessage } from '@numbering/platform';
import { z } from 'zod';

/** What another team told us, read from one Kafka message. */
export type InboundEvent = {
  [T in InboundTopic]: InboundFacts & { topic: T; data: InboundData<T> };
}[InboundTopic];

export interface InboundFacts {
  /** By which a repeat is known. */
  id: string;
  /** When it happened: an older one than the last changes nothing (ruling 25). */
  at: Date;
}

const CLOUD_EVENT = INBOUND_CLOUD_EVENT.extend({ data: z.unknown() });

const MAX_FAULTS_TOLD = 3;

/**
 * Reads a CloudEvent, in structured or binary mode, or plain JSON with its facts beside its data. What has no id of its own is
 * known by its place in the topic; what has no time by Kafka's.
 * @throws UnreadableMessage with the reason, for the dead letter topic
 */
export function readInbound(message: InboundMessage): InboundEvent {
  const topic = message.topic;
  if (!isInboundTopic(topic)) throw new UnreadableMessage(`no event of this name: ${topic}`);
  const body = jsonObject(message.value);
  const place = `${topic}:${message.partition}:${message.offset}`;
  const kafkaTime = new Date(message.timestampMs);
  const headers = cloudHeaders(message);
  if (headers) {
    const { id, time } = fit(INBOUND_CLOUD_EVENT, headers);
    return eventOf(topic, { id, at: time ?? kafkaTime }, body);
  }
  if ('specversion' in body) {
    const { id, time, data } = fit(CLOUD_EVENT, body);
    return eventOf(topic, { id, at: time ?? kafkaTime }, data);
  }
  const facts = fit(INBOUND_PLAIN, body);
  const id = facts.id ?? facts.eventId ?? place;
  return eventOf(topic, { id, at: facts.time ?? kafkaTime }, body);
}

/** The attributes of a CloudEvent in binary mode, whose value is its data; undefined for what is none. */
function cloudHeaders({ headers }: InboundMessage): Record<string, string> | undefined {
  if (headers['ce_specversion'] === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      name.startsWith('ce_') && value !== undefined
        ? [[name.slice('ce_'.length), String(value)]]
        : [],
    ),
  );
}

const isInboundTopic = (topic: string): topic is InboundTopic =>
  Object.hasOwn(INBOUND_SCHEMAS, topic);

function eventOf(topic: InboundTopic, facts: InboundFacts, data: unknown): InboundEvent {
  switch (topic) {
    case 'compliance.tenant.suspended':
      return { ...facts, topic, data: fit(INBOUND_SCHEMAS[topic], data) };
    case 'compliance.tenant.reinstated':
      return { ...facts, topic, data: fit(INBOUND_SCHEMAS[topic], data) };
    case 'billing.plan.changed':
      return { ...facts, topic, data: fit(INBOUND_SCHEMAS[topic], data) };
  }
}

function jsonObject(value: Buffer | null): object {
  if (value === null) throw new UnreadableMessage('the message has no value');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(value);
  } catch {
    throw new UnreadableMessage('the value is not UTF-8');
  }
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new UnreadableMessage('the value is not JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new UnreadableMessage('the value is not a JSON object');
  }
  return body;
}

function fit<T>(schema: z.ZodType<T>, value: unknown): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const faults = read.error.issues
    .slice(0, MAX_FAULTS_TOLD)
    .map(({ path, message }) => `${path.join('.') || 'data'}: ${message}`);
  throw new UnreadableMessage(faults.join('; '));
}
