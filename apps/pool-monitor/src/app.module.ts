import { Module, type DynamicModule } from '@nestjs/common';
import { CapacityStore, NumberStore } from '@numbering/persistence';
import {
  HealthModule,
  loggerModule,
  MetricsModule,
  type Config,
  type Log,
  type ReadinessCheck,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { CapacityMeter } from './capacity-meter';
import { DatabaseModule, LOG } from './database.module';

const readinessOf = (dataSource: DataSource, numbers: NumberStore): readonly ReadinessCheck[] => [
  {
    name: 'postgres',
    required: true,
    whenDown: 'Postgres does not answer: the gauges of capacity are not measured',
    check: () => numbers.databaseTime(dataSource.manager),
  },
];

/** Capacity of the pools: measured and shown. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    const database = DatabaseModule.forRoot(config);
    return {
      module: AppModule,
      imports: [
        loggerModule(config),
        MetricsModule,
        database,
        HealthModule.forApp({
          imports: [database],
          inject: [DataSource, NumberStore],
          ready: readinessOf,
        }),
      ],
      providers: [
        CapacityStore,
        {
          provide: CapacityMeter,
          inject: [DataSource, CapacityStore, LOG],
          useFactory: (dataSource: DataSource, store: CapacityStore, log: Log) =>
            new CapacityMeter(dataSource, store, config.capacityEveryMs, log),
        },
      ],
    };
  }
}
