import { Inject, Injectable } from '@nestjs/common';
import { RENEWAL_APPROVAL, type RenewalQuestion } from '@numbering/contracts';
import type { BillingAnswer } from '@numbering/domain';
import { monotonicMs, processLog, type Config, type Log } from '@numbering/platform';
import {
  BrokenCircuitError,
  bulkhead,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleType,
  retry,
  wrap,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { LRUCache } from 'lru-cache';
import { CONFIG } from './tokens';

/** Questions on their way at once: billing is a neighbour's service, and its answer is a payment. */
export const QUESTIONS_AT_ONCE = 16;
/** Those that wait for their turn: a batch of a run, and another run's beside it. */
const QUESTIONS_WAITING = 1_000;
/** How long one try may take. A later try under the same key gets the answer that came too late for this one. */
const TRY_LIMIT_MS = 3_000;
/** Three tries in all within a run (ruling 28). */
const TRIES = 3;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 1_000;
/**
 * So many questions in a row, each tried three times, are left without an answer: then the tenant is not asked for, for a
 * while, or nobody is. More than one tenant's, so that what billing has against one does not become everybody's.
 */
export const UNANSWERED_OF_TENANT = 20;
const UNANSWERED_OF_ALL = 5 * UNANSWERED_OF_TENANT;
const HALF_OPEN_AFTER_MS = 10_000;
/** Tenants whose answers are remembered. */
const MAX_TENANTS = 10_000;
/** Far more than an answer has. */
const ANSWER_LIMIT_BYTES = 64 * 1_024;

const REJECTED_STATUS = 402;
/** What a server says that may say something else soon: timeouts, conflicts with a question under way, too many calls. */
const PASSING_STATUSES = new Set([408, 409, 425, 429]);
const FIRST_SERVER_ERROR = 500;

/** No answer this time; another try may bring one. */
class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** No answer, and none at the next try either: billing does not take the question, or we do not understand it. */
class NotUnderstood extends Error {
  override readonly name = 'NotUnderstood';
}

/** One question to billing under its own key. */
export interface BillingCall {
  idempotencyKey: string;
  question: RenewalQuestion;
}

/**
 * Billing's door (ruling 28): `POST {BILLING_URL}/v1/lease-renewals`. 2xx with an approval is one, 402 is a refusal, and
 * nothing else is an answer: timeout, refused connection, 5xx, another status, a text that is none of billing's.
 */
@Injectable()
export class AskBilling {
  private readonly log: Log;
  private readonly url: string;
  private readonly turns = bulkhead(QUESTIONS_AT_ONCE, QUESTIONS_WAITING);
  private readonly ofAll = breakerAfter(UNANSWERED_OF_ALL);
  private readonly ofTenants = new LRUCache<string, CircuitBreakerPolicy>({ max: MAX_TENANTS });
  private readonly tries = retry(handleType(NoAnswer), {
    maxAttempts: TRIES - 1,
    backoff: new ExponentialBackoff({ initialDelay: FIRST_PAUSE_MS, maxDelay: LONGEST_PAUSE_MS }),
  });
  private leftAloneUntilMs = 0;

  constructor(@Inject(CONFIG) config: Config) {
    this.log = processLog(config);
    this.url = `${config.billingUrl.replace(/\/+$/, '')}/v1/lease-renewals`;
    this.ofAll.onBreak(() => {
      this.leftAloneUntilMs = monotonicMs() + HALF_OPEN_AFTER_MS;
      this.log.error(
        { code: 'BILLING_UNAVAILABLE', leftAloneForMs: HALF_OPEN_AFTER_MS },
        'billing does not answer: it is left alone for a while, and questions fail at once',
      );
    });
    this.ofAll.onReset(() => this.log.info('billing answers again'));
  }

  /** How long it is still left alone, whoever asks. */
  get leftAloneForMs(): number {
    return Math.max(0, this.leftAloneUntilMs - monotonicMs());
  }

  /**
   * Asks, three times where no answer comes, as soon as it is this question's turn.
   * @returns NONE where billing has left it without an answer (told by an error log), or where `signal` ends it
   */
  async run(call: BillingCall, signal?: AbortSignal): Promise<BillingAnswer> {
    const inTurn = wrap(this.turns, this.ofAll, this.ofTenant(call.question.tenantId), this.tries);
    try {
      return await inTurn.execute(({ signal: ended }) => this.ask(call, ended), signal);
    } catch (error) {
      // That it is left alone has been told once for all.
      if (signal?.aborted || error instanceof BrokenCircuitError) return { kind: 'NONE' };
      const { leaseId, tenantId, identifier } = call.question;
      const { idempotencyKey } = call;
      this.log.error(
        { err: error, code: 'BILLING_UNAVAILABLE', leaseId, tenantId, identifier, idempotencyKey },
        'billing gave no answer; the next run asks again under the same key',
      );
      return { kind: 'NONE' };
    }
  }

  private ofTenant(tenantId: string): CircuitBreakerPolicy {
    const known = this.ofTenants.get(tenantId);
    if (known) return known;
    const breaker = breakerAfter(UNANSWERED_OF_TENANT);
    breaker.onBreak(() =>
      this.log.error(
        { code: 'BILLING_UNAVAILABLE', tenantId, leftAloneForMs: HALF_OPEN_AFTER_MS },
        'billing does not answer for this tenant: its other questions fail at once for a while',
      ),
    );
    this.ofTenants.set(tenantId, breaker);
    return breaker;
  }

  private async ask(call: BillingCall, ended: AbortSignal): Promise<BillingAnswer> {
    const response = await this.send(
      call,
      AbortSignal.any([ended, AbortSignal.timeout(TRY_LIMIT_MS)]),
    );
    const { status } = response;
    if (status === REJECTED_STATUS) {
      await response.body?.cancel();
      return { kind: 'REJECTED' };
    }
    if (response.ok) return approvalIn(await textOf(response));
    await response.body?.cancel();
    if (status >= FIRST_SERVER_ERROR || PASSING_STATUSES.has(status)) {
      throw new NoAnswer(`billing said ${status}`);
    }
    throw new NotUnderstood(`billing said ${status}`);
  }

  private async send({ idempotencyKey, question }: BillingCall, signal: AbortSignal) {
    try {
      return await fetch(this.url, {
        method: 'POST',
        // Nobody else is told what a tenant pays.
        redirect: 'manual',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(question),
        signal,
      });
    } catch (error) {
      throw new NoAnswer('billing cannot be reached', { cause: error });
    }
  }
}

const breakerAfter = (questions: number): CircuitBreakerPolicy =>
  circuitBreaker(handleType(NoAnswer), {
    halfOpenAfter: HALF_OPEN_AFTER_MS,
    breaker: new ConsecutiveBreaker(questions),
  });

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > ANSWER_LIMIT_BYTES) throw new NotUnderstood('billing said more than an answer');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof NotUnderstood) throw error;
    throw new NoAnswer('the answer of billing broke off', { cause: error });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function approvalIn(text: string): BillingAnswer {
  const approval = RENEWAL_APPROVAL.safeParse(parsed(text));
  // Whether it was charged nobody can tell from this: the same question is asked again.
  if (!approval.success) throw new NoAnswer('billing said neither yes nor no');
  return { kind: 'APPROVED', reference: approval.data.reference ?? null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
