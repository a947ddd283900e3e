import { BullModule } from '@nestjs/bullmq';
import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { ChangeTenant, ReinstateTenant, SuspendTenant } from '@numbering/lifecycle';
import {
  CascadeStore,
  ClaimAlarms,
  ClaimCountStore,
  DueStore,
  EvictionStore,
  LeaderStore,
  OutboxStore,
  RELEASE_QUEUE,
  RenewalAttemptStore,
} from '@numbering/persistence';
import {
  createKafka,
  EventProducer,
  patientRedis,
  processLog,
  RedisGate,
  subscriberRedis,
  type Config,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { AlarmKeeper } from './alarm-keeper';
import { ClaimGauges } from './claim-gauges';
import { EndedKeySearch } from './ended-key-search';
import { Engines } from './engines';
import { Evictor } from './evictor';
import { InboundConsumer } from './inbound.consumer';
import { KafkaTopics } from './kafka-topics';
import { KeyEventAlarm } from './key-event-alarm';
import { Leadership } from './leadership';
import { MaintainPartitions } from './maintain-partitions';
import { Meters } from './meters';
import { OutboxRelay } from './outbox-relay';
import { OwedRuns } from './owed-runs';
import { ReconcilerLoop } from './reconciler-loop';
import { RingProcessor } from './ring-processor';
import { ScheduleRunner } from './schedule-runner';
import { KAFKA, LOG, PATIENT_REDIS, SUBSCRIBER } from './tokens';

type Token = Type | symbol;

/** A class that Nest cannot build by itself: what its constructor takes, in order. */
const built = (provide: Type, ...inject: Token[]): Provider => ({
  provide,
  inject,
  useFactory: (...needs: unknown[]) => new provide(...needs),
});

const ENGINES: Provider[] = [
  OutboxStore,
  LeaderStore,
  ClaimCountStore,
  MaintainPartitions,
  OwedRuns,
  ScheduleRunner,
  Engines,
  built(EventProducer, KAFKA, LOG),
  built(KafkaTopics, KAFKA, LOG),
  built(EvictionStore, DataSource),
  built(Evictor, EvictionStore, PATIENT_REDIS, LOG),
  built(Leadership, DataSource, LeaderStore, LOG),
  built(OutboxRelay, DataSource, OutboxStore, Leadership, EventProducer, KafkaTopics, LOG),
  built(Meters, DataSource, OutboxStore, CascadeStore, RenewalAttemptStore, LOG),
  built(ClaimGauges, DataSource, ClaimCountStore, LOG),
  built(InboundConsumer, KAFKA, SuspendTenant, ReinstateTenant, ChangeTenant, EventProducer, LOG),
  {
    provide: ReconcilerLoop,
    inject: [ScheduleRunner],
    useFactory: (schedule: ScheduleRunner) => schedule.releases,
  },
  built(KeyEventAlarm, SUBSCRIBER, ReconcilerLoop, LOG),
  built(EndedKeySearch, PATIENT_REDIS, RedisGate, LOG),
  built(AlarmKeeper, DataSource, DueStore, ClaimAlarms, PATIENT_REDIS, RedisGate, LOG),
];

/** The engines of the time door, with the servers they stand on. */
@Module({})
export class WorkerModule {
  static forRoot(config: Config): DynamicModule {
    const rings = config.releaseAlarms.has('bullmq');
    const redis = patientRedis(config);
    return {
      module: WorkerModule,
      imports: rings ? bullModules(redis) : [],
      providers: [
        { provide: LOG, useValue: processLog(config) },
        { provide: KAFKA, useFactory: () => createKafka(config) },
        { provide: SUBSCRIBER, useFactory: () => subscriberRedis(config) },
        { provide: PATIENT_REDIS, useValue: redis },
        ...ENGINES,
        ...(rings ? [RingProcessor] : []),
      ],
      exports: [EventProducer, KafkaTopics],
    };
  }
}

const bullModules = (connection: ReturnType<typeof patientRedis>) => [
  BullModule.forRoot({ connection, prefix: RELEASE_QUEUE.prefix }),
  BullModule.registerQueue({ name: RELEASE_QUEUE.name }),
];
