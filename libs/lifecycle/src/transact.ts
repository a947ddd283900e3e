import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import {
  isRefusal,
  type Decision,
  type NumberRecord,
  type ParsedIdentifier,
  type Policy,
  type Step,
  type TenantFacts,
} from '@numbering/domain';
import {
  ChangeStore,
  NumberStore,
  TenantStore,
  type ChangeOrigin,
  type FoundNumbers,
} from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import type { EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { Once } from './once';
import { CONFIG, POLICY } from './tokens';
import type { Answered, CommandContext, Outcome, Refused } from './outcome';

/** How often a decision is taken anew because its number moved under it. */
const MAX_DECISIONS = 3;

/** A command on one or more numbers. */
export interface NumberCommand<A> extends CommandContext {
  numbers: readonly ParsedIdentifier[];
  /** Whose claim it is: its facts are loaded, and its row is locked before it wins. Absent: nobody's. */
  tenantId?: string;
  /** Whether it wins only what the tenant's standing and quotas allow: the tenant's row is locked then. */
  claims: boolean;
  decide: (found: DecisionInput) => Decision<A> | Promise<Decision<A>>;
}

/** What a decision is given: all of it read at one moment, which is `now`. */
export interface DecisionInput {
  /** In the order of `numbers`. */
  numbers: readonly ({ number: NumberRecord; barredUntil?: Date } | undefined)[];
  tenant: TenantFacts;
  policy: Policy;
  now: Date;
  /** An id for a claim that opens. */
  newLeaseId: () => string;
  manager: EntityManager;
}

/**
 * THE transaction of a command (architecture's one shape): plain read and decision, by which who cannot win is refused
 * without a lock; the numbers' rows locked; read and decided again; only by who would win, the tenant's row locked and
 * the decision taken a last time on exact facts; then number, claim, audit and outbox rows; then the answer under its
 * idempotency key; commit; and after it, best effort, alarms and evictions.
 */
@Injectable()
export class Transact {
  constructor(
    private readonly once: Once,
    private readonly numbers: NumberStore,
    private readonly tenants: TenantStore,
    private readonly changes: ChangeStore,
    private readonly afterCommit: AfterCommit,
    @Inject(POLICY) private readonly policy: Policy,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async run<A>(command: NumberCommand<A>): Promise<Outcome<A>> {
    let written: readonly Step[] = [];
    const outcome = await this.once.run<A>(command.idempotency, async (manager) => {
      written = [];
      const decision = await this.settleOn(manager, command);
      if (isRefusal(decision)) return { refusal: decision } satisfies Refused;
      written = decision.steps;
      return { answer: decision.answer } satisfies Answered<A>;
    });
    if (!outcome.replayed) await this.afterCommit.announce(written);
    return outcome;
  }

  private async settleOn<A>(manager: EntityManager, command: NumberCommand<A>) {
    const hint = await this.read(manager, command);
    const hinted = await this.decide(manager, command, hint);
    if (isRefusal(hinted) || hinted.steps.length === 0) return hinted;
    const identifiers = [...hint.byMatchKey.values()].map(({ number }) => number.identifier);
    await this.numbers.lock(manager, identifiers);
    for (let attempt = 1; attempt <= MAX_DECISIONS; attempt++) {
      const found = await this.read(manager, command);
      let decision = await this.decide(manager, command, found);
      if (isRefusal(decision) || decision.steps.length === 0) return decision;
      if (command.claims) {
        await this.tenants.lock(manager, command.tenantId ?? '');
        decision = await this.decide(manager, command, found);
        if (isRefusal(decision) || decision.steps.length === 0) return decision;
      }
      if (await this.changes.write(manager, decision.steps, this.originOf(command))) {
        return decision;
      }
    }
    throw new Error(`The numbers moved under their locks ${MAX_DECISIONS} times`);
  }

  private read(manager: EntityManager, command: NumberCommand<unknown>): Promise<FoundNumbers> {
    return this.numbers.find(manager, command.numbers, command.tenantId);
  }

  /** Time is read last, after every lock, and is never earlier than a version that is there already. */
  private async decide<A>(
    manager: EntityManager,
    command: NumberCommand<A>,
    found: FoundNumbers,
  ): Promise<Decision<A>> {
    const tenant = await this.tenants.find(manager, command.tenantId ?? '');
    const numbers = command.numbers.map(({ matchKey }) => found.byMatchKey.get(matchKey));
    const times = [found.now, tenant.now, ...numbers.map((each) => each?.number.changedAt)];
    const now = new Date(Math.max(...times.map((time) => time?.getTime() ?? 0)));
    return command.decide({
      numbers,
      tenant: tenant.facts,
      policy: this.policy,
      now,
      newLeaseId: randomUUID,
      manager,
    });
  }

  private originOf({ caller, requestId }: CommandContext): ChangeOrigin {
    return { actor: caller.sub, requestId, app: this.config.app };
  }
}
