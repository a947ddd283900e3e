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
} from '@numbering/persistence';
import type { Config } from '@numbering/platform';
import type { EntityManager } from 'typeorm';
import { AfterCommit } from './after-commit';
import { CommandGroups, type Postponed } from './command-groups';
import { GroupFacts, type Settled } from './group-facts';
import { Once } from './once';
import type { CommandContext, Outcome } from './outcome';
import { CONFIG, POLICY } from './tokens';

/** Less than half a request's time: a group that runs into it is carried out one by one, within that time. */
const LOCK_TIMEOUT_MS = 700;

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
      settled = await this.settle(manager, asked, how);
      return asked.map((command) => settled.get(command)?.result ?? 'ALONE');
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
  ): Promise<ReadonlyMap<NumberCommand<unknown>, Settled>> {
    const settled = new Map<NumberCommand<unknown>, Settled>();
    const hints = await this.load(manager, commands);
    for (const command of commands) {
      const hint = await hints.decide(command);
      if (hint.steps.length === 0) settled.set(command, hint);
    }
    const hopeful = commands.filter((command) => !settled.has(command));
    if (hopeful.length === 0) return settled;
    // Sent in this order: what is read behind the locks is as it stays until the commit.
    const [held, exact] = await pipelined([
      this.lock(manager, hopeful, hints, how),
      this.load(manager, hopeful),
    ]);
    const locked = hopeful.filter((command) =>
      hints.identifiersOf(command).every((id) => held.has(id)),
    );
    const changes: Change[] = [];
    for (const command of locked) {
      const one = await exact.take(command);
      settled.set(command, one);
      if (one.steps.length > 0) changes.push({ steps: one.steps, origin: this.originOf(command) });
    }
    if (changes.length > 0) await this.changes.write(manager, changes);
    return settled;
  }

  private async load(
    manager: EntityManager,
    commands: readonly NumberCommand<unknown>[],
  ): Promise<GroupFacts> {
    const tenantIds = [...new Set(commands.flatMap(({ tenantId }) => tenantId ?? []))];
    const asked = commands.flatMap((command) => command.numbers);
    const [numbers, tenants] = await pipelined([
      this.numbers.find(manager, asked, tenantIds),
      this.tenants.findAll(manager, tenantIds),
    ]);
    const prices = () => this.prices.list(manager);
    return new GroupFacts({ numbers, tenants, policy: this.policy, prices });
  }

  /**
   * The numbers, then the tenants of those that would claim.
   * @returns the numbers that it locked
   */
  private async lock(
    manager: EntityManager,
    commands: readonly NumberCommand<unknown>[],
    hints: GroupFacts,
    how: { waits: boolean },
  ): Promise<ReadonlySet<string>> {
    const identifiers = commands.flatMap((command) => hints.identifiersOf(command));
    const claiming = commands.filter(({ claims }) => claims);
    const tenantIds = [...new Set(claiming.flatMap(({ tenantId }) => tenantId ?? []))];
    const [, locked] = await pipelined([
      this.numbers.limitWaits(manager, LOCK_TIMEOUT_MS),
      this.numbers.lock(manager, identifiers, how),
      tenantIds.length > 0 && this.tenants.lock(manager, tenantIds),
    ]);
    return locked;
  }

  private originOf({ caller, requestId }: CommandContext): ChangeOrigin {
    return { actor: caller.sub, requestId, app: this.config.app };
  }
}
