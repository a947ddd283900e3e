import { Injectable } from '@nestjs/common';
import type { NumberRecord, Step } from '@numbering/domain';
import type { EntityManager } from 'typeorm';
import { keepRenewals, recordTerms } from './change-terms';
import { pipelined } from './pipelined';
import { leaseRow, madeLeases, of, type StepClaim } from './step-claims';

/** Who and what stands behind a change, for the audit rows. */
export interface ChangeOrigin {
  /** The token's sub, or `system:<what>`. */
  actor: string;
  requestId?: string;
  /** The app that writes: the source of its events. */
  app: string;
}

/** What one decision came to, and who stands behind it. */
export interface Change {
  steps: readonly Step[];
  origin: ChangeOrigin;
}

/**
 * Writes what decisions came to. Rows go as one JSON array a statement, so that one number and a batch of a thousand
 * take the same statements; a statement without rows is left out.
 */
@Injectable()
export class ChangeStore {
  /**
   * @param changes no two of them about one number
   * @throws 40001 where a number is no longer as its decision saw it: the transaction is to be tried anew
   */
  async write(manager: EntityManager, changes: readonly Change[]): Promise<void> {
    await pipelined(this.send(manager, changes));
  }

  /** As `write`, with each statement's answer still on its way. */
  send(manager: EntityManager, changes: readonly Change[]): Promise<void>[] {
    const steps = changes.flatMap((change) => change.steps);
    if (steps.length === 0) return [];
    const claims = steps.flatMap((step) => (step.claim ? [{ step, claim: step.claim }] : []));
    // Sent in this order and carried out in it, without waiting for each other's answers.
    return [
      this.moveNumbers(manager, steps),
      this.endClaims(manager, claims),
      this.changeClaims(manager, claims),
      this.openClaims(manager, claims),
      recordTerms(manager, claims),
      keepRenewals(manager, claims),
      this.countLeases(manager, claims),
      this.barTenants(manager, steps),
      this.recordOverrides(manager, steps),
      this.recordSteps(manager, changes),
    ];
  }

  /** The guard: expected state and version stand in the WHERE, and the database sees to it that all of them held. */
  private async moveNumbers(manager: EntityManager, steps: readonly Step[]): Promise<void> {
    const moves = [...spans(steps).values()].map(({ first, last }) => ({
      identifier: first.identifier,
      from_state: first.state,
      from_version: first.version,
      state: last.state,
      version: last.version,
      changed_at: last.changedAt,
      available_at: last.state === 'QUARANTINE' ? last.availableAt : null,
      quarantine_cause: last.state === 'QUARANTINE' ? last.ending.cause : null,
      quarantined_lease_id: last.state === 'QUARANTINE' ? last.ending.leaseId : null,
    }));
    await manager.query(
      `WITH moved AS (
         UPDATE numbering.identifiers i
            SET state = m.state,
                version = m.version,
                changed_at = m.changed_at,
                available_at = m.available_at,
                quarantine_cause = m.quarantine_cause,
                quarantined_lease_id = m.quarantined_lease_id
           FROM jsonb_to_recordset($1::jsonb) AS m (
                  identifier text, from_state text, from_version integer, state text, version integer,
                  changed_at timestamptz, available_at timestamptz, quarantine_cause text,
                  quarantined_lease_id uuid)
          WHERE i.identifier = m.identifier
            AND i.state = m.from_state
            AND i.version = m.from_version
         RETURNING 1)
       SELECT numbering.all_moved(count(*), $2) FROM moved`,
      [JSON.stringify(moves), moves.length],
    );
  }

  private async endClaims(manager: EntityManager, claims: readonly StepClaim[]): Promise<void> {
    const rows = of(claims, 'END').map(({ step, claim }) => ({
      lease_id: claim.leaseId,
      state: claim.state,
      ended_at: step.after.changedAt,
      ended_by: claim.actorId ?? null,
      ended_caller: claim.callerSub ?? null,
      end_reason: claim.reason ?? null,
      end_ticket_id: claim.ticketId ?? null,
    }));
    if (rows.length === 0) return;
    await manager.query(
      `UPDATE numbering.leases l
          SET state = r.state,
              ended_at = r.ended_at,
              ended_by = r.ended_by,
              ended_caller = r.ended_caller,
              end_reason = r.end_reason,
              end_ticket_id = r.end_ticket_id
         FROM jsonb_to_recordset($1::jsonb) AS r (
                lease_id uuid, state text, ended_at timestamptz, ended_by text, ended_caller text, end_reason text,
                end_ticket_id text)
        WHERE l.lease_id = r.lease_id`,
      [JSON.stringify(rows)],
    );
  }

  private async changeClaims(manager: EntityManager, claims: readonly StepClaim[]): Promise<void> {
    const rows = [
      ...of(claims, 'HOLD').map(({ claim }) => ({
        lease_id: claim.claim.leaseId,
        state: 'HELD',
        expires_at: claim.claim.expiresAt,
      })),
      ...of(claims, 'LEASE').map(({ claim }) => ({ ...leaseRow(claim.lease), state: 'LEASED' })),
      ...of(claims, 'MARK').map(({ claim }) => ({ lease_id: claim.leaseId, state: claim.state })),
    ];
    if (rows.length === 0) return;
    await manager.query(
      `UPDATE numbering.leases l
          SET state = r.state,
              expires_at = r.expires_at,
              effective_from = coalesce(r.effective_from, l.effective_from),
              effective_until = coalesce(r.effective_until, l.effective_until),
              auto_renew = coalesce(r.auto_renew, l.auto_renew),
              vanity = coalesce(r.vanity, l.vanity),
              term = coalesce(r.term, l.term)
         FROM jsonb_to_recordset($1::jsonb) AS r (
                lease_id uuid, state text, expires_at timestamptz, effective_from timestamptz,
                effective_until timestamptz, auto_renew boolean, vanity boolean, term text)
        WHERE l.lease_id = r.lease_id`,
      [JSON.stringify(rows)],
    );
  }

  /** After the claims that end, since the index admits one occupant. */
  private async openClaims(manager: EntityManager, claims: readonly StepClaim[]): Promise<void> {
    const rows = [
      ...of(claims, 'OPEN_RESERVATION').map(({ step, claim }) => ({
        lease_id: claim.claim.leaseId,
        identifier: step.after.identifier,
        tenant_id: claim.claim.tenantId,
        state: 'RESERVED',
        claimed_at: step.after.changedAt,
        expires_at: claim.claim.expiresAt,
        auto_renew: false,
        vanity: false,
      })),
      ...of(claims, 'OPEN_LEASE').map(({ step, claim }) => ({
        ...leaseRow(claim.lease),
        identifier: step.after.identifier,
        state: 'LEASED',
        claimed_at: step.after.changedAt,
      })),
    ];
    if (rows.length === 0) return;
    await manager.query(
      `INSERT INTO numbering.leases (lease_id, identifier, tenant_id, state, claimed_at, expires_at,
                                     effective_from, effective_until, auto_renew, vanity, term)
       SELECT lease_id, identifier, tenant_id, state, claimed_at, expires_at,
              effective_from, effective_until, auto_renew, vanity, term
         FROM jsonb_to_recordset($1::jsonb) AS r (
                lease_id uuid, identifier text, tenant_id text, state text, claimed_at timestamptz,
                expires_at timestamptz, effective_from timestamptz, effective_until timestamptz,
                auto_renew boolean, vanity boolean, term text)`,
      [JSON.stringify(rows)],
    );
  }

  /** The tenant's own counters; no row that all tenants share is written by a transition. */
  private async countLeases(manager: EntityManager, claims: readonly StepClaim[]): Promise<void> {
    const rows = [
      ...madeLeases(claims).map(({ step, claim }) => ({
        tenant_id: claim.lease.tenantId,
        identifier_class: step.after.identifierClass,
        change: 1,
      })),
      ...of(claims, 'END')
        .filter(({ claim }) => claim.wasLease)
        .map(({ step, claim }) => ({
          tenant_id: claim.tenantId,
          identifier_class: step.after.identifierClass,
          change: -1,
        })),
    ];
    if (rows.length === 0) return;
    await manager.query(
      `UPDATE numbering.tenants t
          SET leased_msisdn = leased_msisdn + c.msisdn,
              leased_short_code = leased_short_code + c.short_code,
              leased_alpha = leased_alpha + c.alpha
         FROM (SELECT tenant_id,
                      coalesce(sum(change) FILTER (WHERE identifier_class = 'MSISDN'), 0) AS msisdn,
                      coalesce(sum(change) FILTER (WHERE identifier_class = 'SHORT_CODE'), 0) AS short_code,
                      coalesce(sum(change) FILTER (WHERE identifier_class = 'ALPHA'), 0) AS alpha
                 FROM jsonb_to_recordset($1::jsonb) AS r (
                        tenant_id text, identifier_class text, change integer)
                GROUP BY tenant_id
                ORDER BY tenant_id) c
        WHERE t.tenant_id = c.tenant_id`,
      [JSON.stringify(rows)],
    );
  }

  /** Of several recalls of one tenant the later end counts (ruling 22). */
  private async barTenants(manager: EntityManager, steps: readonly Step[]): Promise<void> {
    const rows = steps.flatMap(({ after, bar }) =>
      bar ? [{ identifier: after.identifier, tenant_id: bar.tenantId, until: bar.until }] : [],
    );
    if (rows.length === 0) return;
    await manager.query(
      `INSERT INTO numbering.recall_bars (identifier, tenant_id, until)
       SELECT identifier, tenant_id, until
         FROM jsonb_to_recordset($1::jsonb) AS r (identifier text, tenant_id text, until timestamptz)
       ON CONFLICT (identifier, tenant_id)
       DO UPDATE SET until = greatest(recall_bars.until, excluded.until)`,
      [JSON.stringify(rows)],
    );
  }

  private async recordOverrides(manager: EntityManager, steps: readonly Step[]): Promise<void> {
    const rows = steps.flatMap(({ after, override }) =>
      override
        ? [
            {
              at: after.changedAt,
              identifier: after.identifier,
              admin_id: override.adminId,
              justification: override.justification,
              recall_reason: override.ending.reason,
              ticket_id: override.ending.ticketId ?? null,
              recalled_tenant_id: override.ending.tenantId,
              available_at: override.availableAt,
            },
          ]
        : [],
    );
    if (rows.length === 0) return;
    await manager.query(
      `INSERT INTO numbering.quarantine_overrides (at, identifier, admin_id, justification,
              recall_reason, ticket_id, recalled_tenant_id, available_at)
       SELECT at, identifier, admin_id, justification, recall_reason, ticket_id, recalled_tenant_id,
              available_at
         FROM jsonb_to_recordset($1::jsonb) AS r (
                at timestamptz, identifier text, admin_id text, justification text,
                recall_reason text, ticket_id text, recalled_tenant_id text, available_at timestamptz)`,
      [JSON.stringify(rows)],
    );
  }

  /** One audit row and one event a step, in version order (I3). */
  private async recordSteps(manager: EntityManager, changes: readonly Change[]): Promise<void> {
    const steps = changes.flatMap(({ steps, origin }) => steps.map((step) => ({ step, origin })));
    const rows = steps.map(({ step, origin }) => ({
      at: step.after.changedAt,
      identifier: step.after.identifier,
      actor: origin.actor,
      action: step.action,
      from_state: step.before.state,
      to_state: step.after.state,
      version: step.after.version,
      tenant_id: step.tenantId ?? null,
      lease_id: step.leaseId ?? null,
      reason: step.reason ?? null,
      ticket_id: step.ticketId ?? null,
      request_id: origin.requestId ?? null,
      detail: step.detail ?? null,
      topic: step.event.type,
      payload: { app: origin.app, data: eventData(step) },
    }));
    await manager.query(
      `WITH steps AS (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (
           at timestamptz, identifier text, actor text, action text, from_state text, to_state text,
           version integer, tenant_id text, lease_id uuid, reason text, ticket_id text,
           request_id text, detail jsonb, topic text, payload jsonb)
       ), audited AS (
         INSERT INTO numbering.audit_log (at, identifier, actor, action, from_state, to_state, version,
                tenant_id, lease_id, reason, ticket_id, request_id, detail)
         SELECT at, identifier, actor, action, from_state, to_state, version,
                tenant_id, lease_id, reason, ticket_id, request_id, detail
           FROM steps ORDER BY identifier, version
       )
       INSERT INTO numbering.outbox (topic, key, payload, subject, version, created_at)
       SELECT topic, identifier, payload, 'IDENTIFIER', version, at
         FROM steps ORDER BY identifier, version`,
      [JSON.stringify(rows)],
    );
  }
}

/** First and last standing of each number. */
function spans(steps: readonly Step[]): Map<string, { first: NumberRecord; last: NumberRecord }> {
  const found = new Map<string, { first: NumberRecord; last: NumberRecord }>();
  for (const { before, after } of steps) {
    const first = found.get(after.identifier)?.first ?? before;
    found.set(after.identifier, { first, last: after });
  }
  return found;
}

const eventData = ({ event, after, tenantId, leaseId }: Step) => ({
  identifier: after.identifier,
  identifierClass: after.identifierClass,
  identifierVersion: after.version,
  ...(tenantId === undefined ? {} : { tenantId }),
  ...(leaseId === undefined ? {} : { leaseId }),
  ...event.data,
});
