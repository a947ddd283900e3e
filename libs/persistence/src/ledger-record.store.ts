import { Injectable } from '@nestjs/common';
import type { LedgerAction, LedgerEvent } from '@numbering/contracts';
import type { EntityManager } from 'typeorm';
import type { ChangeOrigin } from './change.store';
import type { KnownQuotas } from './quota-cache';

/** An act without one identifier: its audit row, its event, and what validators must hear of it. */
export interface LedgerRecord {
  action: LedgerAction;
  at: Date;
  tenantId?: string;
  leaseId?: string;
  reason?: string;
  ticketId?: string;
  detail?: Readonly<Record<string, unknown>>;
  event?: LedgerEvent;
  /** A tenant's standing, or the ledger's generation, and its version after the change. */
  evicts?: { subject: 'TENANT' | 'LEDGER'; key: string; version: number };
  /** The quotas after their change: their copy is renewed after the commit. */
  renews?: KnownQuotas;
}

@Injectable()
export class LedgerRecordStore {
  async write(manager: EntityManager, record: LedgerRecord, origin: ChangeOrigin): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.audit_log (at, actor, action, tenant_id, lease_id, reason, ticket_id,
                                        request_id, detail)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      [
        record.at,
        origin.actor,
        record.action,
        record.tenantId ?? null,
        record.leaseId ?? null,
        record.reason ?? null,
        record.ticketId ?? null,
        origin.requestId ?? null,
        record.detail ? JSON.stringify(record.detail) : null,
      ],
    );
    const { event, evicts } = record;
    // What is published and what is evicted may have different keys: a row each then.
    if (event) await this.publish(manager, origin.app, record.at, event);
    if (evicts) await this.evict(manager, record.at, evicts);
  }

  /** An event alone: what it tells of has its rows elsewhere. */
  async publish(manager: EntityManager, app: string, at: Date, event: LedgerEvent): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.outbox (topic, key, payload, subject, created_at)
       VALUES ($1, $2, $3, 'NONE', $4)`,
      [event.type, event.key, JSON.stringify({ app, data: event.data }), at],
    );
  }

  private async evict(
    manager: EntityManager,
    at: Date,
    { subject, key, version }: NonNullable<LedgerRecord['evicts']>,
  ): Promise<void> {
    await manager.query(
      `INSERT INTO numbering.outbox (key, subject, version, created_at) VALUES ($1, $2, $3, $4)`,
      [key, subject, version, at],
    );
  }
}
