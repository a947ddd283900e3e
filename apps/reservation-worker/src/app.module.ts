import { Module, type DynamicModule } from '@nestjs/common';
import { LifecycleModule } from '@numbering/lifecycle';
import { HealthModule, loggerModule, MetricsModule, type Config } from '@numbering/platform';
import { READINESS_NEEDS, readinessOf } from './health';
import { WorkerModule } from './worker.module';

/** The time door: alarms, reconcilers, outbox relay, evictor, inbound events. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    const worker = WorkerModule.forRoot(config);
    return {
      module: AppModule,
      imports: [
        loggerModule(config),
        MetricsModule,
        LifecycleModule.forRoot(config),
        worker,
        HealthModule.forApp({ imports: [worker], inject: READINESS_NEEDS, ready: readinessOf }),
      ],
    };
  }
}
