import { randomUUID } from 'node:crypto';
import { eventually, type Answer, type RestCaller } from '@numbering/testing';
import { Timeline, type NumberStanding, type Standing, type TenantState } from './timeline.fixture';

/** One call, its repeats while an app is down included. */
const CALL_LIMIT_MS = 30_000;
const ASK_AGAIN = new Set([500, 502, 503]);

/** The doors that flips go through. */
export interface Doors {
  admin: RestCaller;
  second: RestCaller;
  /** A whole number below another one, seeded: a run can be told again. */
  random: (below: number) => number;
}

type Move = 'reserve' | 'hold' | 'release' | 'lease' | 'suspend' | 'resume' | 'recall' | 'override';

/** Where a number may go from each state, the likelier the oftener it stands here. */
const MOVES: Readonly<Record<NumberStanding['state'], readonly Move[]>> = {
  AVAILABLE: ['lease', 'reserve'],
  RESERVED: ['lease', 'lease', 'hold', 'release'],
  HELD: ['lease', 'lease', 'release'],
  LEASED: ['suspend', 'recall'],
  SUSPENDED: ['resume', 'resume', 'recall'],
  QUARANTINE: ['override'],
};

/** A number that goes from state to state through the real doors, and what was true of it when. */
export class NumberWalk {
  readonly timeline = new Timeline<NumberStanding>({ state: 'AVAILABLE' });
  private tenants = 0;

  /** @param staysWith its one tenant, where it is not to be recalled and leased again */
  constructor(
    readonly identifier: string,
    private readonly doors: Doors,
    private readonly staysWith?: string,
  ) {}

  /** Who may be asked about: the holders of late, and somebody who never was. */
  get askers(): string[] {
    if (this.staysWith) return [this.staysWith];
    const late = [this.tenants, this.tenants - 1].filter((each) => each > 0);
    return [...late.map((each) => this.tenantAt(each)), 'nobody'];
  }

  /** One change, acknowledged. */
  async flip(): Promise<void> {
    const { state } = this.timeline.now;
    const moves = MOVES[state].filter((move) => !this.staysWith || move !== 'recall');
    const move = moves[this.doors.random(moves.length)] as Move;
    await this[move]();
  }

  private reserve() {
    const tenantId = this.nextTenant();
    return this.change({ state: 'RESERVED', tenantId }, 'reserve', { tenantId });
  }

  private hold() {
    const { tenantId } = this.timeline.now;
    return this.change({ state: 'HELD', tenantId }, 'hold', { tenantId });
  }

  private release() {
    const { tenantId } = this.timeline.now;
    return this.change({ state: 'AVAILABLE' }, 'release', { tenantId });
  }

  /** From a claim, or from AVAILABLE by the permission to. */
  private lease() {
    const tenantId = this.timeline.now.tenantId ?? this.nextTenant();
    const terms = { tenantId, term: '30d', autoRenew: false };
    return this.change({ state: 'LEASED', tenantId }, 'lease', terms);
  }

  private suspend() {
    const suspended = { ...this.timeline.now, state: 'SUSPENDED' } as const;
    return this.change(suspended, 'suspend', { reason: 'looked at' }, 'admin/');
  }

  private resume() {
    const resumed = { ...this.timeline.now, state: 'LEASED' } as const;
    return this.change(resumed, 'resume', { reason: 'seen' }, 'admin/');
  }

  /** Alpha IDs have no cool-down and are free at once. */
  private recall() {
    const isAlpha = /^[A-Z]/.test(this.identifier);
    const ask = { reason: 'NON_PAYMENT', actorId: 'admin' };
    return this.change({ state: isAlpha ? 'AVAILABLE' : 'QUARANTINE' }, 'recall', ask);
  }

  private override() {
    const ask = { justification: 'the flips go on with it' };
    return this.change({ state: 'AVAILABLE' }, 'quarantine/release', ask, 'admin/', 'second');
  }

  private async change(
    to: NumberStanding,
    action: string,
    body: object,
    area: '' | 'admin/' = '',
    who: 'admin' | 'second' = 'admin',
  ): Promise<void> {
    const route = `/v1/${area}numbers/${encodeURIComponent(this.identifier)}/${action}`;
    const standing = { ...to };
    const answer = await acknowledged(this.timeline, standing, () =>
      untilAnswered(this.doors[who], route, body),
    );
    if (to.tenantId !== undefined) standing.leaseId = answer.body.leaseId as string;
  }

  /** A recalled tenant is barred for as long as the cool-down would have lasted, so the next is another. */
  private nextTenant(): string {
    this.tenants++;
    return this.tenantAt(this.tenants);
  }

  private tenantAt(place: number): string {
    return this.staysWith ?? `holder-${place}-of-${this.identifier}`;
  }
}

/** A tenant that is suspended and reinstated, nothing of its recalled, again and again. */
export class TenantFlips {
  readonly timeline = new Timeline<TenantState>('ACTIVE');

  constructor(
    readonly tenantId: string,
    private readonly doors: Doors,
  ) {}

  async flip(): Promise<void> {
    const isActive = this.timeline.now === 'ACTIVE';
    const route = `/v1/admin/numbering/tenants/${this.tenantId}`;
    const why = { ticketId: 'T-1', reason: 'looked at', cascade: false };
    await acknowledged(this.timeline, isActive ? 'SUSPENDED' : 'ACTIVE', () =>
      isActive
        ? untilAnswered(this.doors.admin, `${route}/suspend`, why)
        : untilAnswered(this.doors.admin, `${route}/reinstate`, {}),
    );
  }
}

async function acknowledged<S>(
  timeline: Timeline<S>,
  state: S,
  call: () => Promise<Answer>,
): Promise<Answer> {
  const standing: Standing<S> = timeline.call(state, performance.now());
  const answer = await call();
  standing.answeredAtMs = performance.now();
  if (answer.status >= 300) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}

/** Asks until it is answered, under one key: what a caller does whose call was cut. */
function untilAnswered(caller: RestCaller, route: string, body: object): Promise<Answer> {
  const key = { 'idempotency-key': randomUUID() };
  return eventually(
    async () => {
      const answer = await caller.post(route, body, key);
      const isRunning = answer.body.code === 'IDEMPOTENCY_IN_PROGRESS';
      if (ASK_AGAIN.has(answer.status) || isRunning) throw new Error(`${answer.status} ${route}`);
      return answer;
    },
    { withinMs: CALL_LIMIT_MS },
  );
}
