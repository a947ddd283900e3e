import { UnreadableMessage, type InboundMessage } from '@numbering/platform';
import { readInbound } from './inbound-message';

const TIME = '2026-05-06T07:08:09.000Z';
const KAFKA_TIME_MS = Date.parse('2026-01-01T00:00:00Z');

const message = (value: unknown, topic = 'compliance.tenant.suspended'): InboundMessage => ({
  topic,
  partition: 2,
  offset: '41',
  key: null,
  value: value instanceof Buffer ? value : Buffer.from(JSON.stringify(value)),
  headers: {},
  timestampMs: KAFKA_TIME_MS,
});
const cloudEvent = (data: unknown, more: object = {}) => ({
  specversion: '1.0',
  id: 'event-1',
  source: '/compliance',
  type: 'compliance.tenant.suspended',
  time: TIME,
  data,
  ...more,
});

describe('an inbound message', () => {
  it('is read from a CloudEvent, with its id and time', () => {
    expect(readInbound(message(cloudEvent({ tenantId: 't-1', ticketId: 'T-9' })))).toEqual({
      topic: 'compliance.tenant.suspended',
      id: 'event-1',
      at: new Date(TIME),
      data: { tenantId: 't-1', ticketId: 'T-9' },
    });
  });

  it.each([
    ['its id', { id: 'plain-1' }, 'plain-1'],
    ['its eventId', { eventId: 'plain-2' }, 'plain-2'],
    ['its id before its eventId', { id: 'a', eventId: 'b' }, 'a'],
    ['a number', { id: 7 }, '7'],
    ['its place, where it has no id', {}, 'compliance.tenant.suspended:2:41'],
  ])('in plain JSON is known by %s', (_what, ids, id) => {
    expect(readInbound(message({ tenantId: 't-1', ...ids })).id).toBe(id);
  });

  it('has Kafka’s time where it tells none', () => {
    const kafkaTime = new Date(KAFKA_TIME_MS);
    expect(readInbound(message({ tenantId: 't-1' })).at).toEqual(kafkaTime);
    const untimed = cloudEvent({ tenantId: 't-1' }, { time: undefined });
    expect(readInbound(message(untimed)).at).toEqual(kafkaTime);
    expect(readInbound(message({ tenantId: 't-1', time: TIME })).at).toEqual(new Date(TIME));
  });

  it('is read from a CloudEvent in binary mode, by its headers', () => {
    const header = (text: string) => Buffer.from(text);
    const headers = { ce_specversion: header('1.0'), ce_id: header('event-2'), ce_time: TIME };
    expect(readInbound({ ...message({ tenantId: 't-1', id: 'no id of its' }), headers })).toEqual({
      topic: 'compliance.tenant.suspended',
      id: 'event-2',
      at: new Date(TIME),
      data: { tenantId: 't-1' },
    });
    const nameless = { ce_specversion: header('1.0') };
    expect(() => readInbound({ ...message({ tenantId: 't-1' }), headers: nameless })).toThrow(
      /^id: /,
    );
  });

  it.each([null, '', '  ', undefined])('takes the ticket %j for none', (ticketId) => {
    expect(readInbound(message({ tenantId: 't-1', ticketId })).data).toEqual({ tenantId: 't-1' });
  });

  it('leaves members alone that it does not know', () => {
    const read = readInbound(message({ tenantId: 't-1', more: { of: 'theirs' } }));
    expect(read.data).toEqual({ tenantId: 't-1' });
  });

  it('tells a plan from what is none', () => {
    const topic = 'billing.plan.changed';
    expect(readInbound(message({ tenantId: 't-1', plan: 'premium' }, topic)).data).toEqual({
      tenantId: 't-1',
      plan: 'premium',
    });
    expect(() => readInbound(message({ tenantId: 't-1', plan: 'gold' }, topic))).toThrow(/^plan: /);
  });

  it.each([
    ['no value', { ...message({}), value: null }],
    ['what is not UTF-8', message(Buffer.from([0x7b, 0xff, 0x7d]))],
    ['what is not JSON', message(Buffer.from('{'))],
    ['a list', message([{ tenantId: 't-1' }])],
    ['no tenant', message({})],
    ['an empty tenant', message({ tenantId: '' })],
    ['a blank tenant', message({ tenantId: ' ' })],
    ['a tenant that is a number', message({ tenantId: 7 })],
    ['a tenant with a NUL', message({ tenantId: 't\u0000' })],
    ['half a surrogate', message({ tenantId: 't\ud800' })],
    ['a tenant without end', message({ tenantId: 't'.repeat(256) })],
    ['a ticket that is an object', message({ tenantId: 't-1', ticketId: {} })],
    ['a reason without end', message({ tenantId: 't-1', reason: 'r'.repeat(2_001) })],
    ['an id that is an object', message({ tenantId: 't-1', id: {} })],
    ['a CloudEvent without data', message(cloudEvent(undefined))],
    ['a CloudEvent without an id', message(cloudEvent({ tenantId: 't-1' }, { id: undefined }))],
    ['a CloudEvent of another version', message(cloudEvent({}, { specversion: '2.0' }))],
    ['a time that is none', message(cloudEvent({ tenantId: 't-1' }, { time: 'yesterday' }))],
    ['a topic that nobody reads', message({ tenantId: 't-1' }, 'billing.invoice.paid')],
  ])('cannot be read from %s', (_what, poison) => {
    expect(() => readInbound(poison)).toThrow(UnreadableMessage);
  });
});
