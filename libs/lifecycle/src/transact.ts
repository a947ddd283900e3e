import { Inject, Injectable } from '@nestjs/common';
import type {
  Decision,
  NumberRecord,
  ParsedIdentifier,
  Policy,
  PriceRow,
  TenantFacts,
} from '@numbering/domain';
import {
  ChangeStore,
  NumberStore,
  PriceStore,
  TenantStore,
  pipelined,
  type Change,
  type ChangeOrigin,
  type Ending,
  type FoundNumbers,
  type FoundTenants,
} from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import type { EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { CommandGroups, type Postponed } from './command-groups';
import { GroupFacts, type Settled } from './group-facts';
import { Once } from './once';
import type { CommandContext, Outcome } from './outcome';
import { CONFIG, POLICY } from './tokens';

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
  /** The price list, for what asks. */
  prices: () => Promise<readonly PriceRow[]>;
}

/**
 * THE transaction of commands (architecture's one shape): plain read and decision, by which who cannot win is refused
 * without a lock; the numbers' rows locked; those of the tenants that would claim; then read and decided on exact facts,
 * at a time read after the locks; then numbers, claims, audit and outbox rows; then the answers under their idempotency
 * keys; commit; and after it, best effort, alarms and evictions. Commands that come at the same time share one
 * (command-groups.ts), decided in their order as if one had been committed before the next.
 */
@Injectable()
export class Transact {
  private readonly groups = new CommandGroups<NumberCommand<unknown>, Outcome<unknown>>({
    numbersOf: (command) => command.numbers.length,
    together: (commands) => this.together(commands, { waits: false }),
    alone: async (command) => {
      const [outcome] = await this.together([command], { waits: true });
      if (outcome === undefined || typeof outcome === 'string')
        throw new Error('nothing to wait for');
      return outcome;
    },
  });

  constructor(
    private readonly once: Once,
    private readonly numbers: NumberStore,
    private readonly tenants: TenantStore,
    private readonly prices: PriceStore,
    private readonly changes: ChangeStore,
    private readonly afterCommit: AfterCommit,
    @Inject(POLICY) private readonly policy: Policy,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** @throws StoreUnavailable where Postgres is away or too many wait for it */
  run<A>(command: NumberCommand<A>): Promise<Outcome<A>> {
    return this.groups.run(command) as Promise<Outcome<A>>;
  }

  private async together(commands: readonly NumberCommand<unknown>[], how: { waits: boolean }) {
    let settled: ReadonlyMap<NumberCommand<unknown>, Settled> = new Map();
    const keys = commands.map(({ idempotency }) => idempotency);
    const outcomes = await this.once.together<unknown, Postponed>(keys, async (manager, open) => {
      const asked = open.map((i) => commands[i] as NumberCommand<unknown>);
      const ending = await this.settle(manager, asked, how);
      settled = ending.result;
      const result = asked.map((command) => settled.get(command)?.result ?? 'ALONE');
      return { result, last: ending.last };
    });
    const done = commands.filter((_, i) => {
      const outcome = outcomes[i];
      return typeof outcome === 'object' && !outcome.replayed;
    });
    await this.afterCommit.announce(done.flatMap((command) => settled.get(command)?.steps ?? []));
    return outcomes;
  }

  private async settle(
    manager: EntityManager,
    commands: readonly NumberCommand<unknown>[],
    how: { waits: boolean },
  ): Promise<Ending<ReadonlyMap<NumberCommand<unknown>, Settled>>> {
    const settled = new Map<NumberCommand<unknown>, Settled>();
    const hints = await this.read(manager, commands);
    for (const command of commands) {
      const hint = await hints.decide(command);
      if (hint.steps.length === 0) settled.set(command, hint);
    }
    const hopeful = commands.filter((command) => !settled.has(command));
    const changes: Change[] = [];
    if (hopeful.length > 0) {
      const { exact, locked } = await this.lock(manager, hopeful, hints, how);
      for (const command of locked) {
        const one = await exact.take(command);
        settled.set(command, one);
        if (one.steps.length > 0) {
          changes.push({ steps: one.steps, origin: this.originOf(command) });
        }
      }
    }
    return { result: settled, last: () => this.changes.send(manager, changes) };
  }

  /** Plain: what it shows may be over by the time it is here. */
  private async read(
    manager: EntityManager,
    commands: readonly NumberCommand<unknown>[],
  ): Promise<GroupFacts> {
    const tenantIds = tenantsOf(commands);
    const [numbers, tenants] = await pipelined([
      this.readNumbers(manager, commands),
      this.tenants.findAll(manager, tenantIds),
    ]);
    return this.factsOf(manager, numbers, tenants);
  }

  /**
   * The numbers, then the tenants of those that would claim; and the facts as they stay from here to the commit. Of a
   * number whose version is what the hint saw, all is as the hint saw it: only those that moved are read again.
   * @returns those of the commands whose numbers it locked
   */
  private async lock(
    manager: EntityManager,
    commands: readonly NumberCommand<unknown>[],
    hints: GroupFacts,
    how: { waits: boolean },
  ): Promise<{ exact: GroupFacts; locked: readonly NumberCommand<unknown>[] }> {
    const identifiers = commands.flatMap((command) => hints.identifiersOf(command));
    const claiming = tenantsOf(commands.filter(({ claims }) => claims));
    const tenantIds = tenantsOf(commands);
    // Sent in this order: what is read behind the locks, the time among it, holds until the commit.
    const [versions, , tenants, now] = await pipelined([
      this.numbers.lock(manager, identifiers, how),
      claiming.length > 0 && this.tenants.lock(manager, claiming, hints.unknownAmong(claiming)),
      this.tenants.findAll(manager, tenantIds),
      tenantIds.length > 0 ? undefined : this.numbers.databaseTime(manager),
    ]);
    const locked = commands.filter((command) =>
      hints.identifiersOf(command).every((identifier) => versions.has(identifier)),
    );
    const numbers = hints.standAt(versions)
      ? hints.found.numbers
      : await this.readNumbers(manager, locked);
    const seenAt = { ...tenants, now: now ?? tenants.now };
    return { exact: this.factsOf(manager, numbers, seenAt), locked };
  }

  private readNumbers(manager: EntityManager, commands: readonly NumberCommand<unknown>[]) {
    const asked = commands.flatMap((command) => command.numbers);
    return this.numbers.find(manager, asked);
  }

  private factsOf(manager: EntityManager, numbers: FoundNumbers, tenants: FoundTenants) {
    const prices = () => this.prices.list(manager);
    return new GroupFacts({ numbers, tenants, policy: this.policy, prices });
  }

  private originOf({ caller, requestId }: CommandContext): ChangeOrigin {
    return { actor: caller.sub, requestId, app: this.config.app };
  }
}

const tenantsOf = (commands: readonly NumberCommand<unknown>[]): string[] => [
  ...new Set(commands.flatMap(({ tenantId }) => tenantId ?? [])),
];
