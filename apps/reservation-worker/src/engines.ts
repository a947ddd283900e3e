import { Inject, Injectable } from '@nestjs/common';
import type { OnApplicationBootstrap, OnModuleDestroy } from '@nestjs/common';
import { CONFIG } from '@numbering/lifecycle';
import { OUTBOX_WAKE_CHANNEL } from '@numbering/persistence';
import { EventProducer, isRedisUnavailable } from '@numbering/platform';
import type { Config, Log, RedisClient } from '@numbering/platform';
import { AlarmKeeper } from './alarm-keeper';
import { ClaimGauges } from './claim-gauges';
import { EndedKeySearch } from './ended-key-search';
import { Evictor } from './evictor';
import { InboundConsumer } from './inbound.consumer';
import { KafkaTopics } from './kafka-topics';
import { KeyEventAlarm } from './key-event-alarm';
import { Meters } from './meters';
import { OutboxRelay } from './outbox-relay';
import { LOG, PATIENT_REDIS, SUBSCRIBER } from './tokens';

/**
 * Starts what runs beside the schedule, and ends it in the right order: no new work, the work under
 * way, then the connections. None of it waits for a server that is away.
 */
@Injectable()
export class Engines implements OnApplicationBootstrap, OnModuleDestroy {
  constructor(
    private readonly topics: KafkaTopics,
    private readonly producer: EventProducer,
    private readonly relay: OutboxRelay,
    private readonly inbound: InboundConsumer,
    private readonly evictor: Evictor,
    private readonly keyEvents: KeyEventAlarm,
    private readonly endedKeys: EndedKeySearch,
    private readonly alarmKeeper: AlarmKeeper,
    private readonly meters: Meters,
    private readonly claimGauges: ClaimGauges,
    @Inject(SUBSCRIBER) private readonly subscriber: RedisClient,
    @Inject(PATIENT_REDIS) private readonly patientRedis: RedisClient,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onApplicationBootstrap(): void {
    this.producer.start();
    this.topics.onceThere(() => this.inbound.start());
    this.topics.start();
    this.relay.start();
    this.evictor.start();
    this.meters.start();
    this.claimGauges.start();
    this.alarmKeeper.start();
    this.listenForWakeUps();
    if (!this.config.releaseAlarms.has('redis')) return;
    this.keyEvents.start();
    this.endedKeys.start();
  }

  async onModuleDestroy(): Promise<void> {
    this.keyEvents.stop();
    this.subscriber.disconnect();
    await this.topics.stop(); // It starts nothing any more.
    await Promise.all([
      this.relay.stop(),
      this.inbound.stop(),
      this.evictor.stop(),
      this.meters.stop(),
      this.alarmKeeper.stop(),
      this.endedKeys.stop(),
    ]);
    await this.producer.stop(); // The consumer's dead letters went through it.
    this.patientRedis.disconnect();
  }

  /** What is said while the line is down is lost: the relay's own period finds it. */
  private listenForWakeUps(): void {
    this.subscriber.on('message', (channel: string) => {
      if (channel === OUTBOX_WAKE_CHANNEL) this.relay.wake();
    });
    this.subscriber.subscribe(OUTBOX_WAKE_CHANNEL).catch((error: unknown) => {
      if (!isRedisUnavailable(error)) this.log.warn({ err: error }, 'no wake-ups from Redis');
    });
  }
}
