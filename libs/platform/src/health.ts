// The doors that a supervisor asks: does the process live, and is it ready for work.
import { Controller, Get, HttpCode, Inject, Module } from '@nestjs/common';
import type { DynamicModule, FactoryProvider, ModuleMetadata } from '@nestjs/common';
import { HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import type { HealthCheckResult, HealthIndicatorResult } from '@nestjs/terminus';
import { withinMs } from './clock.js';

/** A check that has no answer by then has failed. */
const CHECK_TIMEOUT_MS = 1_500;

export type ReadinessCheck = {
  name: string;
  /** Failing, a required check makes the process not ready; an optional one shows as degraded. */
  required: boolean;
  /** A sentence for whoever reads the answer: what works no more while this fails. */
  whenDown: string;
  /** Throws, or rejects, while the thing is down. */
  check: () => Promise<unknown> | unknown;
};

const READINESS_CHECKS = Symbol('readiness checks');

@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    @Inject(READINESS_CHECKS) private readonly checks: readonly ReadinessCheck[],
  ) {}

  /** 200 while the event loop turns: a process that cannot answer this is to be restarted. */
  @Get('live')
  @HttpCode(200)
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  /** 200 when all required checks pass, else 503 (also while the process drains). */
  @Get('ready')
  async ready(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.map((check) => () => this.look(check)));
  }

  private async look(check: ReadinessCheck): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(check.name);
    try {
      await withinMs(CHECK_TIMEOUT_MS, Promise.resolve().then(check.check));
      return indicator.up();
    } catch {
      // Not the error's own text: it may name addresses, and anybody may ask.
      const told = { message: check.whenDown };
      return check.required ? indicator.down(told) : indicator.degraded(told);
    }
  }
}

export type HealthOptions = Pick<ModuleMetadata, 'imports'> & {
  inject?: FactoryProvider['inject'];
  /** The checks, or what makes them of the injected things. */
  ready: readonly ReadinessCheck[] | ((...injected: never[]) => readonly ReadinessCheck[]);
};

@Module({})
export class HealthModule {
  /** GET /health/live and GET /health/ready for one app. */
  static forApp({ imports = [], inject = [], ready }: HealthOptions): DynamicModule {
    const useFactory = typeof ready === 'function' ? ready : () => ready;
    return {
      module: HealthModule,
      imports: [TerminusModule.forRoot({ logger: false }), ...imports],
      controllers: [HealthController],
      providers: [{ provide: READINESS_CHECKS, useFactory, inject } as FactoryProvider],
    };
  }
}
