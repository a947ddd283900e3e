import { Module, type DynamicModule } from '@nestjs/common';
import {
  HealthModule,
  loggerModule,
  MetricsModule,
  processLog,
  RedisGate,
  TokenVerifier,
  type Config,
  type ReadinessCheck,
} from '@numbering/platform';
import { Admission } from './admission';
import { AnswerStreams } from './answer-stream';
import { GrpcDoor } from './grpc-door';
import { Knowledge } from './knowledge';
import { LeaseJudge } from './lease-judge';
import { Stores } from './stores';
import { ValidateLeaseGrpc } from './validate-lease.grpc';

/** All that the app is made of; the doors open in main.ts. */
@Module({})
export class AppModule {
  static of(config: Config): DynamicModule {
    const parts = partsModule(config);
    return {
      module: AppModule,
      imports: [
        loggerModule(config),
        MetricsModule,
        parts,
        HealthModule.forApp({ imports: [parts], inject: [GrpcDoor, Knowledge, RedisGate], ready }),
      ],
    };
  }
}

@Module({})
class PartsModule {}

function partsModule(config: Config): DynamicModule {
  const log = processLog(config);
  return {
    module: PartsModule,
    controllers: [ValidateLeaseGrpc],
    providers: [
      { provide: Stores, useFactory: () => new Stores(config) },
      { provide: RedisGate, useFactory: (stores: Stores) => stores.gate, inject: [Stores] },
      {
        provide: Knowledge,
        useFactory: (stores: Stores) => new Knowledge(config, stores),
        inject: [Stores],
      },
      {
        provide: LeaseJudge,
        useFactory: (knowledge: Knowledge) => new LeaseJudge(knowledge.lookup),
        inject: [Knowledge],
      },
      { provide: Admission, useFactory: () => new Admission(verifierOf(config)) },
      {
        provide: AnswerStreams,
        useFactory: (admission: Admission, judge: LeaseJudge) =>
          new AnswerStreams(admission, judge, log),
        inject: [Admission, LeaseJudge],
      },
      {
        provide: GrpcDoor,
        useFactory: (streams: AnswerStreams) => new GrpcDoor(config, streams, log),
        inject: [AnswerStreams],
      },
    ],
    exports: [GrpcDoor, Knowledge, RedisGate],
  };
}

/** Tokens are asked for unless TLS has verified a client certificate, or an owner wants none. */
function verifierOf({ grpcAuth, grpcTls, jwt }: Config): TokenVerifier | undefined {
  const needless = grpcAuth === 'none' || grpcTls?.caFile !== undefined;
  return needless ? undefined : new TokenVerifier(jwt);
}

/** Kafka is not among them: nothing here needs it. */
function ready(door: GrpcDoor, knowledge: Knowledge, gate: RedisGate): ReadinessCheck[] {
  const { facts, lookup } = knowledge;
  const isTrusted = (): void => {
    if (!lookup.isTrusted) throw new Error('no young heartbeat');
  };
  return [
    {
      name: 'grpc',
      required: true,
      whenDown: 'No call is taken.',
      check: () => door.check(),
    },
    {
      name: 'facts',
      required: true,
      whenDown: 'No store that may answer does: calls end as UNAVAILABLE.',
      check: () => (lookup.isTrusted ? undefined : facts.databaseTimeMs()),
    },
    {
      name: 'postgres',
      required: false,
      whenDown: 'Only what a young heartbeat vouches for is answered.',
      check: () => facts.databaseTimeMs(),
    },
    {
      name: 'redis',
      required: false,
      whenDown: 'Postgres answers every call.',
      check: () => {
        if (!gate.isUp) throw new Error('Redis is away');
      },
    },
    {
      name: 'heartbeat',
      required: false,
      whenDown: 'No evictor is heard: Postgres answers every call.',
      check: isTrusted,
    },
  ];
}
