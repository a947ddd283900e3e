/**
 * What the simulator is told to do with a renewal. `timeout` never answers, `error` is a 500. `lost` approves and
 * never says so: who asks again under the same key hears it then.
 */
export const answers = ['approve', 'reject', 'error', 'timeout', 'lost'] as const;
export type Answer = (typeof answers)[number];

/**
 * A decision a caller can rely on: the same idempotency key gets it again, whatever was told since.
 */
export type Decision =
  { approved: true; reference: string } | { approved: false; reason: 'INSUFFICIENT_FUNDS' };

export interface Call {
  idempotencyKey: string;
  body: unknown;
  answer: Answer;
}

export type Outcome = { answer: Answer; decision?: Decision };

/** How much is remembered; beyond it the oldest goes first. */
export interface BookLimits {
  calls: number;
  decisions: number;
  tenants: number;
}

const defaultLimits: BookLimits = { calls: 50_000, decisions: 200_000, tenants: 50_000 };

/** What billing was told to answer, what it decided under which key, and who asked. */
export class BillingBook {
  private defaultAnswer: Answer = 'approve';
  private readonly answerOfTenant = new Map<string, Answer>();
  private readonly decisionOfKey = new Map<string, { answer: Answer; decision: Decision }>();
  private readonly recorded: Call[] = [];
  private approvals = 0;

  constructor(private readonly limits: BookLimits = defaultLimits) {}

  /** Tells the answer from now on: for one tenant, or for all that have none of their own. */
  tell(answer: Answer, tenantId?: string): void {
    if (tenantId === undefined) this.defaultAnswer = answer;
    else remember(this.answerOfTenant, tenantId, answer, this.limits.tenants);
  }

  /**
   * Decides one renewal and records the call. An approval or a refusal stands for its key; an error
   * or a timeout decided nothing, so that the same key may be asked again.
   */
  ask(idempotencyKey: string, tenantId: string, body: unknown): Outcome {
    const told = this.told(tenantId);
    const known = this.decisionOfKey.get(idempotencyKey);
    // As long as it loses its answers it loses the repeated ones too.
    const outcome =
      told === 'lost'
        ? this.lose(idempotencyKey, known)
        : (known ?? this.decide(idempotencyKey, told));
    this.recorded.push({ idempotencyKey, body, answer: outcome.answer });
    if (this.recorded.length > this.limits.calls) this.recorded.shift();
    return outcome;
  }

  /** Every remembered call, oldest first. */
  calls(): readonly Call[] {
    return this.recorded;
  }

  private told(tenantId: string): Answer {
    return this.answerOfTenant.get(tenantId) ?? this.defaultAnswer;
  }

  private lose(idempotencyKey: string, known: Outcome | undefined): Outcome {
    if (!known) this.decide(idempotencyKey, 'approve');
    return { answer: 'lost' };
  }

  private decide(idempotencyKey: string, answer: Exclude<Answer, 'lost'>): Outcome {
    if (answer === 'error' || answer === 'timeout') return { answer };
    const decision: Decision =
      answer === 'approve'
        ? { approved: true, reference: `SIM-${String((this.approvals += 1)).padStart(8, '0')}` }
        : { approved: false, reason: 'INSUFFICIENT_FUNDS' };
    const outcome = { answer, decision };
    remember(this.decisionOfKey, idempotencyKey, outcome, this.limits.decisions);
    return outcome;
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value as string);
}
