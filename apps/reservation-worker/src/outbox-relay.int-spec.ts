import { randomUUID } from 'node:crypto';
import { listParked, retryParked } from '@numbering/persistence';
import { eventually, testDatabase, type TestDatabase } from '@numbering/testing';
import type { DataSource } from 'typeorm';
import { readTopics, type TopicReader } from './testing/kafka-reader';
import {
  openSource,
  startRelay,
  TOPIC,
  writeEvents,
  type TestRelay,
} from './testing/relay-fixture';

jest.setTimeout(90_000);

const KEYS = 50;
const VERSIONS_A_KEY = 40;
/** Above what a broker takes unless told otherwise (1 MiB). */
const REFUSED_BYTES = 1_200_000;

describe('the outbox relay', () => {
  const run = randomUUID().slice(0, 8);
  let database: TestDatabase;
  let source: DataSource;
  let reader: TopicReader;
  let relays: TestRelay[] = [];

  const start = async (): Promise<TestRelay> => {
    const relay = await startRelay(database.url);
    relays.push(relay);
    return relay;
  };
  const leaderOf = (...candidates: TestRelay[]): Promise<TestRelay> =>
    eventually(
      () => {
        const leader = candidates.find(({ leadership }) => leadership.isHolder);
        if (!leader) throw new Error('nobody leads');
        return leader;
      },
      { withinMs: 15_000 },
    );
  /** Versions that arrived for a key, repeats of one event left out as a consumer leaves them. */
  const versionsOf = (key: string): number[] => {
    const seen = new Set<string>();
    return reader.messages.flatMap((message) => {
      const event = JSON.parse(message.value.toString());
      if (message.key !== key || seen.has(event.id)) return [];
      seen.add(event.id);
      return [event.data.identifierVersion];
    });
  };
  const arrived = (key: string, versions: number[]): Promise<void> =>
    eventually(() => expect(versionsOf(key)).toEqual(versions), { withinMs: 20_000 });
  const unsent = async (): Promise<number> => {
    const [row] = await source.query(
      'SELECT count(*)::int AS n FROM numbering.outbox WHERE sent_at IS NULL',
    );
    return row.n;
  };

  beforeAll(async () => {
    database = await testDatabase();
    source = await openSource(database.url);
    await (await startRelay(database.url)).stop(); // Sees to it that the topics are there.
    reader = await readTopics([TOPIC], (key) => key.startsWith(run));
  });
  afterEach(async () => {
    await Promise.all(relays.map((relay) => relay.stop()));
    relays = [];
  });
  afterAll(async () => {
    await reader.close();
    await source.destroy();
    await database.drop();
  });

  it('sends every event once and in order of its key, while leaders freeze and go on', async () => {
    const keys = Array.from({ length: KEYS }, (_, i) => `${run}-order-${i}`);
    const versions = Array.from({ length: VERSIONS_A_KEY }, (_, i) => i + 1);
    const arrivedInOrder = async (): Promise<void> => {
      for (const key of keys) await arrived(key, versions);
    };
    const [one, two] = [await start(), await start()];
    const first = await leaderOf(one, two);
    const writing = (async () => {
      for (let version = 1; version <= VERSIONS_A_KEY; version++) {
        await writeEvents(
          source.manager,
          keys.map((key) => ({ key, version })),
        );
        if (version === VERSIONS_A_KEY / 4) first.freezer.freeze();
      }
    })();
    const second = first === one ? two : one;
    await leaderOf(second);
    await writing;
    await eventually(async () => expect(await unsent()).toBe(0), { withinMs: 20_000 });
    await arrivedInOrder();
    const sentBefore = reader.messages.length;
    first.freezer.letGo(); // Its batch goes out late, under the ids that went out before.
    await eventually(() => expect(reader.messages.length).toBeGreaterThan(sentBefore));
    for (const key of keys) {
      await arrived(
        key,
        Array.from({ length: VERSIONS_A_KEY }, (_, i) => i + 1),
      );
    }
    expect(first.freezer.stuck).toBeGreaterThan(0);
    const byEvent = new Map<string, Set<string>>();
    for (const { value } of reader.messages) {
      const { id, data } = JSON.parse(value.toString());
      const place = `${data.identifier} ${data.identifierVersion}`;
      byEvent.set(place, (byEvent.get(place) ?? new Set()).add(id));
    }
    for (const ids of byEvent.values()) expect(ids.size).toBe(1);
  });

  it('wraps an event in a CloudEvent with the source of its writer', async () => {
    const key = `${run}-envelope`;
    await start();
    await writeEvents(source.manager, [{ key, version: 7 }]);
    await arrived(key, [7]);
    const message = reader.messages.find((each) => each.key === key);
    expect(JSON.parse(message?.value.toString() ?? '')).toMatchObject({
      specversion: '1.0',
      source: '/numbering/fixture',
      type: TOPIC,
      subject: key,
      datacontenttype: 'application/json',
      data: { identifier: key, identifierVersion: 7 },
    });
  });

  it('is delayed by no transaction that stays open beside it', async () => {
    await leaderOf(await start());
    const open = source.createQueryRunner();
    await open.startTransaction();
    await writeEvents(open.manager, [{ key: `${run}-open`, version: 1 }]);
    const beside = Array.from({ length: 20 }, (_, i) => `${run}-beside-${i}`);
    for (const key of beside) await writeEvents(source.manager, [{ key, version: 1 }]);
    for (const key of beside) await arrived(key, [1]);
    expect(versionsOf(`${run}-open`)).toEqual([]);
    await open.commitTransaction(); // Of a lower id than what went before, and sent all the same.
    await open.release();
    await arrived(`${run}-open`, [1]);
  });

  it('parks the key of what Kafka refuses, no other, and lets it go again', async () => {
    const [bad, good] = [`${run}-bad`, `${run}-good`];
    await start();
    await writeEvents(source.manager, [
      { key: bad, version: 1 },
      { key: bad, version: 2, padBytes: REFUSED_BYTES },
      { key: bad, version: 3 },
      { key: good, version: 1 },
    ]);
    await arrived(good, [1]);
    await arrived(bad, [1]);
    const [parked, ...others] = await listParked(database.url);
    expect(others).toEqual([]);
    expect(parked).toMatchObject({ key: bad, topic: TOPIC, waiting: 2 });
    expect(parked?.reason).not.toBe('');
    expect(parked?.parkedAt).toBeInstanceOf(Date);

    await source.query(
      `UPDATE numbering.outbox SET payload = payload #- '{data,pad}' WHERE key = $1`,
      [bad],
    );
    expect(await retryParked(database.url, 'another key')).toBe(0);
    expect(await retryParked(database.url, bad)).toBe(1);
    await arrived(bad, [1, 2, 3]);
    expect(await listParked(database.url)).toEqual([]);
  });

  it('waits for a Kafka that is away, parks nothing, and goes on when it is back', async () => {
    const key = `${run}-away`;
    const relay = await start();
    await leaderOf(relay);
    await eventually(() => expect(relay.producer.isUp()).toBe(true), { withinMs: 10_000 });
    relay.line.cut();
    await writeEvents(
      source.manager,
      [1, 2, 3].map((version) => ({ key, version })),
    );
    await eventually(() => expect(relay.producer.isUp()).toBe(false), { withinMs: 10_000 });
    expect(versionsOf(key)).toEqual([]);
    expect(await listParked(database.url)).toEqual([]);
    relay.line.mend();
    await arrived(key, [1, 2, 3]);
  });

  it('hands the role over at once when it is stopped', async () => {
    const [one, two] = [await start(), await start()];
    const first = await leaderOf(one, two);
    const second = first === one ? two : one;
    await first.stop();
    relays = relays.filter((relay) => relay !== first);
    await leaderOf(second);
    expect(second.leadership.isHolder).toBe(true);
  });

  it('leaves no row that Kafka and the evictor have both had', async () => {
    const key = `${run}-gone`;
    await start();
    await writeEvents(source.manager, [{ key, version: 1 }]);
    await source.query(
      'UPDATE numbering.outbox SET evicted_at = clock_timestamp() WHERE key = $1',
      [key],
    );
    await eventually(async () => {
      const rows = await source.query('SELECT 1 FROM numbering.outbox WHERE key = $1', [key]);
      expect(rows).toEqual([]);
    });
  });
});
