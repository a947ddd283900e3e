import { Global, Module, type DynamicModule, type Provider } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import {
  appDataSource,
  BlockStore,
  CapacityStore,
  CascadeStore,
  ChangeStore,
  ClaimAlarms,
  DueStore,
  FactCache,
  IdempotencyStore,
  ImportRowStore,
  InboxStore,
  JobRunStore,
  LedgerRecordStore,
  NumberStore,
  OperatorStore,
  OutboxWake,
  OverrideStore,
  PriceStore,
  QuotaCache,
  RenewalAttemptStore,
  RenewalStore,
  SigningKeyStore,
  TenantStore,
  ValidFromStore,
} from '@numbering/persistence';
import {
  failFastRedis,
  processLog,
  RedisGate,
  type Config,
  type RedisClient,
} from '@numbering/platform';
import { DataSource } from 'typeorm';
import { AddSigningKey } from './add-signing-key';
import { AfterCommit } from './after-commit';
import { AskBilling } from './ask-billing';
import { Cascade } from './cascade';
import { ChangeOperator } from './change-operator';
import { ChangePrices } from './change-prices';
import { ChangeTenant } from './change-tenant';
import { CloseStrandedAttempts } from './close-stranded-attempts';
import { Connections } from './connections';
import { EndCoolDowns } from './end-cool-downs';
import { ExpireLeases } from './expire-leases';
import { HoldNumber } from './hold-number';
import { ImportBlock } from './import-block';
import { FILES_AT_ONCE, ImportTurns } from './import-turns';
import { Inbound } from './inbound';
import { LeaseNumber } from './lease-number';
import { LedgerAct } from './ledger-act';
import { ListValidNumbers } from './list-valid-numbers';
import { MeasurePools } from './measure-pools';
import { Once } from './once';
import { OverrideQuarantine } from './override-quarantine';
import { policyOf } from './policy-of';
import { PrepareRenewals } from './prepare-renewals';
import { RecallNumber } from './recall-number';
import { Reconcile } from './reconcile';
import { RegisterIdentifiers } from './register-identifiers';
import { ReinstateTenant } from './reinstate-tenant';
import { ReleaseDueClaims } from './release-due-claims';
import { ReleaseNumber } from './release-number';
import { RenewLeases } from './renew-leases';
import { RenewingNumbers } from './renewing-numbers';
import { ReportOverrides } from './report-overrides';
import { ReserveNumber } from './reserve-number';
import { ReserveNumbers } from './reserve-numbers';
import { ResumeLease } from './resume-lease';
import { RetireNumber } from './retire-number';
import { RevokeSigningKey } from './revoke-signing-key';
import { SetQuotas } from './set-quotas';
import { SettleRenewals } from './settle-renewals';
import { SnapshotCapacity } from './snapshot-capacity';
import { SuspendLease } from './suspend-lease';
import { SuspendTenant } from './suspend-tenant';
import { CONFIG, IMPORT_DATA_SOURCE, POLICY, REQUEST_REDIS } from './tokens';
import { Transact } from './transact';

/** Connections for requests; more would only wait for Postgres' cores. */
const POOL_SIZE = 16;
/** A request has an answer within 2 s: a query or a wait for a connection that takes longer is given up. */
const QUERY_TIMEOUT_MS = 1_900;
const CONNECT_TIMEOUT_MS = 1_900;
const REGISTRATIONS_AT_ONCE = 4;
/** One an import, also while it waits for its turn, and some for registrations. */
const IMPORT_POOL_SIZE = FILES_AT_ONCE + REGISTRATIONS_AT_ONCE;
const IMPORT_QUERY_TIMEOUT_MS = 600_000;
const IMPORT_CONNECT_TIMEOUT_MS = 10_000;

const STORES: Provider[] = [
  BlockStore,
  CapacityStore,
  CascadeStore,
  ChangeStore,
  DueStore,
  IdempotencyStore,
  ImportRowStore,
  InboxStore,
  JobRunStore,
  LedgerRecordStore,
  NumberStore,
  OperatorStore,
  OverrideStore,
  PriceStore,
  RenewalAttemptStore,
  RenewalStore,
  SigningKeyStore,
  TenantStore,
  ValidFromStore,
];

const COMMANDS: Provider[] = [
  AddSigningKey,
  Cascade,
  ChangeOperator,
  ChangePrices,
  ChangeTenant,
  EndCoolDowns,
  ExpireLeases,
  HoldNumber,
  ImportBlock,
  LeaseNumber,
  ListValidNumbers,
  OverrideQuarantine,
  RecallNumber,
  RegisterIdentifiers,
  ReinstateTenant,
  ReleaseDueClaims,
  ReleaseNumber,
  RenewLeases,
  ReportOverrides,
  ReserveNumber,
  ReserveNumbers,
  ResumeLease,
  RetireNumber,
  RevokeSigningKey,
  SetQuotas,
  SnapshotCapacity,
  SuspendLease,
  SuspendTenant,
];

const MACHINERY: Provider[] = [
  AfterCommit,
  AskBilling,
  CloseStrandedAttempts,
  Connections,
  ImportTurns,
  Inbound,
  LedgerAct,
  MeasurePools,
  Once,
  PrepareRenewals,
  Reconcile,
  RenewingNumbers,
  SettleRenewals,
  Transact,
];

/** Everything that can happen to a number, with the stores and connections behind it. One an app. */
@Global()
@Module({})
export class LifecycleModule {
  static forRoot(config: Config): DynamicModule {
    const source = appDataSource({
      databaseUrl: config.databaseUrl,
      app: config.app,
      poolSize: POOL_SIZE,
      queryTimeoutMs: QUERY_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      pipelines: true,
    });
    const wiring: Provider[] = [
      { provide: CONFIG, useValue: config },
      { provide: POLICY, useValue: policyOf(config) },
      { provide: IMPORT_DATA_SOURCE, useFactory: () => importSource(config) },
      { provide: REQUEST_REDIS, useFactory: () => failFastRedis(config) },
      {
        provide: RedisGate,
        inject: [REQUEST_REDIS],
        useFactory: (redis: RedisClient) => new RedisGate(redis, processLog(config)),
      },
      ...[FactCache, OutboxWake].map((provide) => ({
        provide,
        inject: [RedisGate],
        useFactory: (gate: RedisGate) => new provide(gate),
      })),
      ...[ClaimAlarms, QuotaCache].map((provide) => ({
        provide,
        inject: [RedisGate],
        useFactory: (gate: RedisGate) => new provide(config, gate),
      })),
    ];
    const providers = [...wiring, ...STORES, ...MACHINERY, ...COMMANDS];
    return {
      module: LifecycleModule,
      imports: [
        // Connected by `Connections`, which waits for a Postgres that is not there yet.
        TypeOrmModule.forRootAsync({
          useFactory: () => ({ ...source.options, manualInitialization: true }),
          dataSourceFactory: async () => source,
        }),
      ],
      providers,
      exports: [...providers, TypeOrmModule],
    };
  }
}

const importSource = (config: Config): DataSource =>
  appDataSource({
    databaseUrl: config.databaseUrl,
    app: `${config.app}:imports`,
    poolSize: IMPORT_POOL_SIZE,
    queryTimeoutMs: IMPORT_QUERY_TIMEOUT_MS,
    connectTimeoutMs: IMPORT_CONNECT_TIMEOUT_MS,
  });
