import { randomUUID } from 'node:crypto';
import { letterOf, packed } from './outbox-relay';

const event = (key: string, padBytes: number) => ({
  id: '1',
  eventId: randomUUID(),
  topic: 'numbering.reservation.held',
  key,
  app: 'inventory-api',
  data: { pad: 'x'.repeat(padBytes) },
  createdAt: new Date('2026-01-02T03:04:05.678Z'),
});
const keysOf = (sizes: [string, number][]): string[][] =>
  [...packed(sizes.map(([key, bytes]) => letterOf(event(key, bytes))))].map((pack) =>
    pack.map((letter) => letter.message.key as string),
  );

describe('what the relay sends at once', () => {
  it('is everything, where that is small', () => {
    expect(
      keysOf([
        ['a', 10],
        ['b', 10],
        ['c', 10],
      ]),
    ).toEqual([['a', 'b', 'c']]);
  });

  it('is nothing where there is nothing', () => {
    expect(keysOf([])).toEqual([]);
  });

  it('keeps below the limit and in order', () => {
    expect(
      keysOf([
        ['a', 300_000],
        ['b', 300_000],
        ['c', 100_000],
      ]),
    ).toEqual([['a'], ['b', 'c']]);
  });

  it('is an event alone where that is above the limit by itself', () => {
    expect(
      keysOf([
        ['a', 10],
        ['b', 2_000_000],
        ['c', 10],
      ]),
    ).toEqual([['a'], ['b'], ['c']]);
  });

  it('has the time of the change and the source of its writer', () => {
    const { message } = letterOf(event('+93791234567', 0));
    expect(JSON.parse(String(message.value))).toMatchObject({
      time: '2026-01-02T03:04:05.678Z',
      source: '/numbering/inventory-api',
      subject: '+93791234567',
    });
    expect(message.headers).toEqual({
      'content-type': 'application/cloudevents+json; charset=UTF-8',
    });
  });
});
