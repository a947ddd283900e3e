import { CONSUMED_TOPICS } from '@numbering/contracts';
import {
  ChangeTenant,
  ReinstateTenant,
  SuspendTenant,
  type CommandContext,
} from '@numbering/lifecycle';
import {
  runConsumer,
  type EventProducer,
  type InboundMessage,
  type Log,
  type RunningConsumer,
} from '@numbering/platform';
import type { Kafka } from 'kafkajs';
import { readInbound } from './inbound-message';

const GROUP_ID = 'numbering-inbound';
/** Who is recorded as having asked; no scope is needed for what an event says. */
const COMPLIANCE: CommandContext = { caller: { sub: 'system:compliance', scopes: new Set() } };
const BILLING: CommandContext = { caller: { sub: 'system:billing', scopes: new Set() } };

/**
 * Hears of suspensions, reinstatements and plans. It only marks the tenant, in one transaction
 * with the event's id: what follows from a suspension, a reconciler works off in batches. A
 * message is retried for as long as the store is away, and is never skipped for that.
 */
export class InboundConsumer {
  private running: RunningConsumer | undefined;

  constructor(
    private readonly kafka: Kafka | undefined,
    private readonly suspendTenant: SuspendTenant,
    private readonly reinstateTenant: ReinstateTenant,
    private readonly changeTenant: ChangeTenant,
    private readonly deadLetter: EventProducer,
    private readonly log: Log,
    private readonly groupId = GROUP_ID,
  ) {}

  start(): void {
    if (!this.kafka) return;
    this.running = runConsumer(this.kafka, {
      groupId: this.groupId,
      topics: Object.keys(CONSUMED_TOPICS),
      handle: (message) => this.handle(message),
      deadLetter: this.deadLetter,
      log: this.log,
    });
  }

  async stop(): Promise<void> {
    await this.running?.stop();
  }

  private async handle(message: InboundMessage): Promise<void> {
    const event = readInbound(message);
    const inbound = { topic: event.topic, id: event.id, at: event.at };
    switch (event.topic) {
      case 'compliance.tenant.suspended': {
        const { tenantId, ticketId, reason } = event.data;
        const ask = { ticketId, reason, cascade: true, inbound };
        await this.suspendTenant.run(COMPLIANCE, tenantId, ask);
        return;
      }
      case 'compliance.tenant.reinstated':
        await this.reinstateTenant.run(COMPLIANCE, event.data.tenantId, inbound);
        return;
      case 'billing.plan.changed': {
        const { tenantId, plan } = event.data;
        await this.changeTenant.run(BILLING, tenantId, { plan, inbound });
      }
    }
  }
}
