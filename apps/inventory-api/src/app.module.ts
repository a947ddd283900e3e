import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { LifecycleModule } from '@numbering/lifecycle';
import {
  AuditQuery,
  AvailableNumbersList,
  HistoryQuery,
  NumberStore,
  OwnNumbersList,
  QuotaLookup,
} from '@numbering/persistence';
import {
  HealthModule,
  loggerModule,
  MetricsModule,
  RedisGate,
  StoreUnavailable,
  TokenVerifier,
  type Config,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { AuditController } from './admin/audit/audit.controller';
import { BlocksController } from './admin/blocks/blocks.controller';
import { ImportController } from './admin/blocks/import.controller';
import { IdentifiersController } from './admin/identifiers/identifiers.controller';
import { AdminNumbersController } from './admin/numbers/admin-numbers.controller';
import { NumberHistoryController } from './admin/numbers/number-history.controller';
import { OperatorsController } from './admin/operators/operators.controller';
import { PoolsController } from './admin/pools/pools.controller';
import { PricesController } from './admin/prices/prices.controller';
import { OverridesController } from './admin/quarantine/overrides.controller';
import { SigningKeysController } from './admin/signing-keys/signing-keys.controller';
import { TenantsController } from './admin/tenants/tenants.controller';
import { BrowseController } from './browse/browse.controller';
import { AnswerInterceptor } from './http/answer';
import { AsyncApiController } from './http/async-api.controller';
import { AuthGuard } from './http/auth.guard';
import { Cursors } from './http/cursor';
import { DeadlineInterceptor } from './http/deadline';
import { ErrorsPageController } from './http/docs';
import { DocsTokensController } from './http/docs-tokens';
import { Pages } from './http/page';
import { RateLimits } from './http/rate-limits';
import { ProblemFilter } from './http/problem.filter';
import { validation } from './http/validation';
import { ClaimsController } from './numbers/claims.controller';
import { LeasesController } from './numbers/leases.controller';
import { NumberReadsController } from './numbers/number-reads.controller';
import { OwnQuotasController } from './numbers/own-quotas.controller';

const CONTROLLERS: Type[] = [
  BrowseController,
  ClaimsController,
  LeasesController,
  NumberReadsController,
  OwnQuotasController,
  AdminNumbersController,
  NumberHistoryController,
  OverridesController,
  TenantsController,
  IdentifiersController,
  ImportController,
  BlocksController,
  SigningKeysController,
  OperatorsController,
  PoolsController,
  PricesController,
  AuditController,
  AsyncApiController,
  DocsTokensController,
  ErrorsPageController,
];

/** The door's own rules; the deadline stands around the answer. */
const HTTP: Provider[] = [
  AuthGuard,
  Cursors,
  Pages,
  RateLimits,
  { provide: APP_FILTER, useClass: ProblemFilter },
  { provide: APP_INTERCEPTOR, useClass: DeadlineInterceptor },
  { provide: APP_INTERCEPTOR, useClass: AnswerInterceptor },
  { provide: APP_PIPE, useFactory: validation },
];

const READS: Provider[] = [
  AuditQuery,
  AvailableNumbersList,
  HistoryQuery,
  OwnNumbersList,
  QuotaLookup,
];

/** The portal's and the admins' door: the only wiring of this app. */
@Module({})
export class AppModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        loggerModule(config),
        LifecycleModule.forRoot(config),
        MetricsModule,
        HealthModule.forApp({ inject: [DataSource, NumberStore, RedisGate], ready: readiness }),
      ],
      controllers: CONTROLLERS,
      providers: [
        { provide: TokenVerifier, useFactory: () => new TokenVerifier(config.jwt) },
        ...HTTP,
        ...READS,
      ],
    };
  }
}

const readiness = (source: DataSource, numbers: NumberStore, redis: RedisGate) => [
  {
    name: 'postgres',
    required: true,
    whenDown: 'nothing can be read or changed',
    check: () => numbers.databaseTime(source.manager),
  },
  {
    name: 'redis',
    required: false,
    whenDown:
      'claims end without their alarm clocks, validators learn of changes by the evictor, each replica counts rate limits alone',
    check: () => {
      if (!redis.isUp) throw new StoreUnavailable('redis');
    },
  },
];
