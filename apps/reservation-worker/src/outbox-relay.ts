import { cloudEvent } from '@numbering/contracts';
import { OutboxStore, type UnsentEvent } from '@numbering/persistence';
import {
  counter,
  EventProducer,
  MessagesRefused,
  StoreUnavailable,
  withinMs,
  type Log,
  type OutboundMessage,
} from '@numbering/platform';
import type { DataSource } from 'typeorm';
import type { KafkaTopics } from './kafka-topics';
import type { Leadership } from './leadership';
import { backoffMs, OutageLog } from './outage-log';
import { WakeUp } from './wake-up';

/** An idle relay looks this often; a wake-up makes it look at once. */
const POLL_EVERY_MS = 20;
/** Who is not the leader, or has no broker, has nothing to look for. */
const STAND_BY_MS = 250;
const MAX_BATCH_EVENTS = 1_000;
/**
 * Bytes of one send. Kafka limits what it takes for a partition at once (1 MB unless told
 * otherwise): below it no event is refused for its company, and a larger one goes alone.
 */
const MAX_SEND_BYTES = 512 * 1024;
const RETRY_FIRST_MS = 50;
const RETRY_LONGEST_MS = 2_000;
const DRAIN_LIMIT_MS = 5_000;
const MAX_REASON_CHARS = 500;
const HEADERS = { 'content-type': 'application/cloudevents+json; charset=UTF-8' };

interface Letter {
  event: UnsentEvent;
  message: OutboundMessage;
  bytes: number;
}

/**
 * Sends the outbox to Kafka, in order of each key, at least once (ruling 43). A row is marked once
 * Kafka has acknowledged it: a crash between the two sends it again, under the same event id.
 *
 * Kafka away: nothing is parked, events wait. An event that Kafka refuses for its content parks
 * its key and no other, until `numbering outbox retry`.
 */
export class OutboxRelay {
  private readonly wakeUp = new WakeUp();
  private readonly sent = counter('num_outbox_sent_total');
  private readonly outage: OutageLog;
  /** Halved when Kafka refuses one of many, until the one is found. */
  private batchLimit = MAX_BATCH_EVENTS;
  private isStopping = false;
  private loop: Promise<void> = Promise.resolve();

  constructor(
    private readonly dataSource: DataSource,
    private readonly store: OutboxStore,
    private readonly leadership: Leadership,
    private readonly producer: EventProducer,
    private readonly topics: KafkaTopics,
    private readonly log: Log,
  ) {
    this.outage = new OutageLog(log, 'the outbox relay');
  }

  start(): void {
    this.leadership.start(() => this.wake());
    this.loop = this.keepSending();
  }

  wake(): void {
    this.wakeUp.ring();
  }

  /** Ends with the send under way, then hands the role over. */
  async stop(): Promise<void> {
    this.isStopping = true;
    this.wake();
    await withinMs(DRAIN_LIMIT_MS, this.loop).catch(() => undefined);
    await this.leadership.stop();
  }

  private async keepSending(): Promise<void> {
    while (!this.isStopping) {
      try {
        const pauseMs = await this.pass();
        this.outage.worked();
        if (pauseMs > 0) await this.wakeUp.pause(pauseMs);
      } catch (error) {
        // The producer tells of Kafka itself.
        if (!isKafkaAway(error)) this.outage.failed(error);
        const failures = Math.max(1, this.outage.failures);
        await this.wakeUp.pause(backoffMs(failures, RETRY_FIRST_MS, RETRY_LONGEST_MS));
      }
    }
  }

  /** @returns how long there is nothing to do, in milliseconds */
  private async pass(): Promise<number> {
    if (!this.leadership.isHolder || !this.topics.areThere || !this.producer.isUp()) {
      return STAND_BY_MS;
    }
    const { manager } = this.dataSource;
    const limit = this.batchLimit;
    const events = await this.store.takeUnsent(manager, this.leadership.leader, limit);
    for (const pack of packed(events.map(letterOf))) {
      // Whoever lost the role meanwhile leaves the rest to the next one.
      if (this.isStopping || !this.leadership.isHolder) return 0;
      if (!(await this.deliver(pack))) return 0;
    }
    return events.length < limit ? POLL_EVERY_MS : 0;
  }

  /** @returns false where Kafka refused it: what comes after it is taken anew */
  private async deliver(pack: readonly Letter[]): Promise<boolean> {
    try {
      await this.producer.send(pack.map((letter) => letter.message));
    } catch (error) {
      if (!(error instanceof MessagesRefused)) throw error;
      await this.narrow(pack, error);
      return false;
    }
    const ids = pack.map((letter) => letter.event.id);
    await this.store.markSent(this.dataSource.manager, ids);
    this.sent.inc(pack.length);
    this.batchLimit = Math.min(this.batchLimit * 2, MAX_BATCH_EVENTS);
    return true;
  }

  private async narrow(pack: readonly Letter[], refusal: MessagesRefused): Promise<void> {
    const [only, ...others] = pack;
    if (others.length > 0 || !only) {
      this.batchLimit = Math.ceil(pack.length / 2);
      return;
    }
    const { id, key, topic, eventId } = only.event;
    const reason = reasonOf(refusal);
    await this.store.park(this.dataSource.manager, id, reason);
    this.log.error(
      { key, topic, eventId, reason, bytes: only.bytes },
      'Kafka refuses this event: its key waits for `numbering outbox retry`',
    );
  }
}

const isKafkaAway = (error: unknown): boolean =>
  error instanceof StoreUnavailable && error.store === 'kafka';

export function letterOf(event: UnsentEvent): Letter {
  const { eventId, app, topic, key, createdAt, data } = event;
  const time = createdAt.toISOString();
  const value = Buffer.from(
    JSON.stringify(cloudEvent({ id: eventId, app, type: topic, subject: key, time, data })),
  );
  return { event, message: { topic, key, value, headers: HEADERS }, bytes: value.length };
}

/** In order, none of them above the limit but one that is so by itself. */
export function* packed(letters: readonly Letter[]): Generator<Letter[]> {
  let pack: Letter[] = [];
  let bytes = 0;
  for (const letter of letters) {
    if (pack.length > 0 && bytes + letter.bytes > MAX_SEND_BYTES) {
      yield pack;
      [pack, bytes] = [[], 0];
    }
    pack.push(letter);
    bytes += letter.bytes;
  }
  if (pack.length > 0) yield pack;
}

/** What the broker said, which kafkajs keeps some causes down. */
function reasonOf(refusal: MessagesRefused): string {
  const { cause } = refusal;
  const text = cause instanceof Error ? cause.message : refusal.message;
  return text.slice(0, MAX_REASON_CHARS);
}
