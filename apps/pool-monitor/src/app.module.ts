import { Module, type DynamicModule } from '@nestjs/common';
import { MeasurePools } from '@numbering/lifecycle';
import { CapacityStore, LedgerRecordStore, NumberStore } from '@numbering/persistence';
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
    whenDown:
      'Postgres does not answer: the pools are not measured, and nobody is told that one runs out',
    check: () => numbers.databaseTime(dataSource.manager),
  },
];

/** Capacity of the pools: measured, judged and shown. */
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
        LedgerRecordStore,
        {
          provide: MeasurePools,
          inject: [DataSource, CapacityStore, LedgerRecordStore],
          useFactory: (source: DataSource, store: CapacityStore, records: LedgerRecordStore) =>
            new MeasurePools(source, store, records, config),
        },
        {
          provide: CapacityMeter,
          inject: [DataSource, MeasurePools, CapacityStore, LOG],
          useFactory: (source: DataSource, measure: MeasurePools, store: CapacityStore, log: Log) =>
            new CapacityMeter(source, measure, store, log),
        },
      ],
    };
  }
}
