import { randomUUID } from 'node:crypto';
import {
  alphaMatchKey,
  isRefusal,
  newTenant,
  useAfter,
  type NumberRecord,
  type Policy,
  type PriceRow,
  type Step,
  type TenantFacts,
} from '@numbering/domain';
import type { FoundNumbers, FoundTenants } from '@numbering/persistence';
import type { Postponed } from './command-groups';
import type { Answered, Refused } from './outcome';
import type { DecisionInput, NumberCommand } from './transact';

/** What a command came to in its group, and the steps that are to be written for it. */
export interface Settled {
  result: Answered<unknown> | Refused | Postponed;
  steps: readonly Step[];
}

/**
 * What a group of commands finds, read at one moment, and what each of them leaves to the next: they are decided in
 * their order, as if one had been committed before the other began.
 */
export class GroupFacts {
  private readonly numbers: Map<string, NumberRecord>;
  private readonly tenants: Map<string, TenantFacts>;
  private readonly bars = new Map<string, Date>();
  private readonly moved = new Set<string>();
  private prices: Promise<readonly PriceRow[]> | undefined;

  constructor(
    readonly found: {
      numbers: FoundNumbers;
      tenants: FoundTenants;
      policy: Policy;
      prices: () => Promise<readonly PriceRow[]>;
    },
  ) {
    const { byMatchKey } = found.numbers;
    this.numbers = new Map([...byMatchKey].map(([matchKey, { number }]) => [matchKey, number]));
    this.tenants = new Map(found.tenants.byId);
    for (const { number, bars } of byMatchKey.values()) {
      for (const [tenantId, until] of bars) this.bars.set(barOf(number, tenantId), until);
    }
  }

  /** The decision as things stand; nothing of it is taken. */
  async decide(command: NumberCommand<unknown>): Promise<Settled> {
    const decision = await command.decide(this.factsFor(command));
    if (isRefusal(decision)) return { result: { refusal: decision }, steps: [] };
    return { result: { answer: decision.answer }, steps: decision.steps };
  }

  /**
   * The decision, and what it changes for those that follow. Two changes of one number do not go into one transaction:
   * the second comes later, and is decided anew.
   */
  async take(command: NumberCommand<unknown>): Promise<Settled> {
    const settled = await this.decide(command);
    if (settled.steps.some(({ after }) => this.moved.has(after.identifier))) {
      return { result: 'LATER', steps: [] };
    }
    this.follow(settled.steps);
    return settled;
  }

  /** As the ledger names them. */
  identifiersOf({ numbers }: NumberCommand<unknown>): string[] {
    return numbers.flatMap(({ matchKey }) => this.numbers.get(matchKey)?.identifier ?? []);
  }

  /** Whether each of these numbers has the version at which it was read. */
  standAt(versions: ReadonlyMap<string, number>): boolean {
    return [...versions].every(
      ([identifier, version]) => this.numbers.get(alphaMatchKey(identifier))?.version === version,
    );
  }

  unknownAmong(tenantIds: readonly string[]): string[] {
    return tenantIds.filter((tenantId) => this.found.tenants.unknown.includes(tenantId));
  }

  /** `now` is never earlier than a version that is there already. */
  private factsFor(command: NumberCommand<unknown>): DecisionInput {
    const tenantId = command.tenantId ?? '';
    const numbers = command.numbers.map(({ matchKey }) => {
      const number = this.numbers.get(matchKey);
      return number && { number, barredUntil: this.bars.get(barOf(number, tenantId)) };
    });
    const { numbers: foundNumbers, tenants, policy } = this.found;
    const times = [foundNumbers.now, tenants.now, ...numbers.map((each) => each?.number.changedAt)];
    return {
      numbers,
      tenant: this.tenants.get(tenantId) ?? newTenant(tenantId),
      policy,
      now: new Date(Math.max(...times.map((time) => time?.getTime() ?? 0))),
      newLeaseId: randomUUID,
      prices: () => (this.prices ??= this.found.prices()),
    };
  }

  private follow(steps: readonly Step[]): void {
    if (steps.length === 0) return;
    for (const { after, bar } of steps) {
      this.moved.add(after.identifier);
      this.numbers.set(alphaMatchKey(after.identifier), after);
      if (bar) this.bars.set(barOf(after, bar.tenantId), bar.until);
    }
    for (const tenantId of new Set(steps.flatMap((step) => step.tenantId ?? []))) {
      const facts = this.tenants.get(tenantId);
      if (facts) this.tenants.set(tenantId, useAfter(facts, steps));
    }
  }
}

const barOf = ({ identifier }: NumberRecord, tenantId: string): string =>
  JSON.stringify([identifier, tenantId]);
