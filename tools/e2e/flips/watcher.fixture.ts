import { status as GrpcStatus, type ServiceError } from '@grpc/grpc-js';
import {
  ValidatorClient,
  type LeaseQuestion,
  type Verdict,
  type VerdictStream,
} from '@numbering/testing';
import type { NumberWalk } from './number-walk.fixture';
import { judgeTold, Timeline, type TenantState, type Told } from './timeline.fixture';

/** The promise of US-NUM-002 and US-NUM-004. */
const SEEN_WITHIN_MS = 1_000;
const WITHOUT_ANSWER: ReadonlySet<GrpcStatus> = new Set([
  GrpcStatus.UNAVAILABLE,
  GrpcStatus.DEADLINE_EXCEEDED,
]);
/** How many wrong answers are shown; all are counted. */
const MAX_SHOWN = 5;

/** What was seen of one validator. */
export interface Seen {
  answers: number;
  /** Calls that ended as UNAVAILABLE or after their deadline, by way and status: no guess was made. */
  unavailable: number;
  statuses: Record<string, number>;
  /** Answers that were true of no standing within the second before they were asked for. */
  wrong: number;
  /** Answers of a standing older than one that had been answered from before. */
  wentBack: number;
  /** The oldest standing that was answered from, in milliseconds since its end was acknowledged. */
  maxStaleMs: number;
  /** Calls that failed in any other way, and the first wrong answers. */
  faults: string[];
}

export interface Watched {
  walks: readonly NumberWalk[];
  /** Those tenants that are suspended and reinstated. */
  tenants: ReadonlyMap<string, Timeline<TenantState>>;
  random: (below: number) => number;
}

const STANDING = new Timeline<TenantState>('ACTIVE');

/** Asks one validator on and on, in all three ways at once, and judges each answer. */
export class Watcher {
  readonly seen: Seen = {
    answers: 0,
    unavailable: 0,
    statuses: {},
    wrong: 0,
    wentBack: 0,
    maxStaleMs: 0,
    faults: [],
  };
  private readonly client: ValidatorClient;
  private readonly floors = new Map<string, number>();
  private stream: VerdictStream | undefined;
  private isOver = false;

  constructor(
    private readonly address: string,
    token: string,
    private readonly watched: Watched,
  ) {
    this.client = new ValidatorClient(address, token);
  }

  /** Resolves when `stop` was called and the last answers have come. */
  async watch(): Promise<void> {
    const anyOne = () => [this.anyQuestion()];
    await Promise.all([
      this.loop('one', anyOne, async ([one]) => {
        const { identifier, tenantId } = one as LeaseQuestion;
        return [await this.client.ask(identifier, tenantId)];
      }),
      this.loop(
        'batch',
        () => this.everyQuestion(),
        (all) => this.client.askAll(all),
      ),
      this.loop('stream', anyOne, ([one]) => this.askOnStream(one as LeaseQuestion)),
    ]);
    await this.endStream();
    this.client.close();
  }

  stop(): void {
    this.isOver = true;
  }

  private async loop(
    way: 'one' | 'batch' | 'stream',
    questions: () => LeaseQuestion[],
    ask: (questions: readonly LeaseQuestion[]) => Promise<Verdict[]>,
  ): Promise<void> {
    while (!this.isOver) {
      const asked = questions();
      const floors = asked.map(({ identifier }) => this.floors.get(identifier) ?? 0);
      const askedAtMs = performance.now();
      try {
        const verdicts = await ask(asked);
        const toldAtMs = performance.now();
        if (verdicts.length !== asked.length) throw new Error(`${verdicts.length} answers`);
        verdicts.forEach(({ valid, reason, leaseId }, i) => {
          if (valid === (reason !== '')) throw new Error(`valid: ${valid}, reason: ${reason}`);
          const question = asked[i] as LeaseQuestion;
          this.judge({ ...question, reason, leaseId, askedAtMs, toldAtMs }, floors[i] ?? 0);
        });
      } catch (error) {
        this.failed(way, error);
      }
      // Writers and the other loops have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private judge(told: Told, floor: number): void {
    const walk = this.watched.walks.find(({ identifier }) => identifier === told.identifier);
    if (!walk) throw new Error(`nobody asked for ${told.identifier}`);
    const tenant = this.watched.tenants.get(told.tenantId) ?? STANDING;
    const { staleMs, seen } = judgeTold(told, walk.timeline, tenant, floor);
    this.seen.answers++;
    this.seen.maxStaleMs = Math.max(this.seen.maxStaleMs, staleMs);
    if (staleMs > SEEN_WITHIN_MS) {
      this.seen.wrong++;
      this.show(`${staleMs.toFixed(0)} ms old: ${JSON.stringify(told)}`);
    } else if (seen === undefined) {
      this.seen.wentBack++;
      this.show(`went back behind ${floor}: ${JSON.stringify(told)}`);
    }
    const { identifier } = told;
    this.floors.set(identifier, Math.max(this.floors.get(identifier) ?? 0, seen ?? 0));
  }

  private failed(way: string, error: unknown): void {
    const { code } = error as Partial<ServiceError>;
    if (code === undefined || !WITHOUT_ANSWER.has(code)) return this.show(String(error));
    this.seen.unavailable++;
    const status = `${way}: ${GrpcStatus[code]}`;
    this.seen.statuses[status] = (this.seen.statuses[status] ?? 0) + 1;
  }

  private show(fault: string): void {
    if (this.seen.faults.length < MAX_SHOWN) this.seen.faults.push(`${this.address} ${fault}`);
  }

  /** One stream for as long as it lasts, each question after the answer before. */
  private askOnStream(question: LeaseQuestion): Promise<Verdict[]> {
    const stream = (this.stream ??= this.openStream());
    return new Promise((resolve, reject) => {
      const answered = (verdict: Verdict): void => {
        stream.off('error', reject);
        resolve([verdict]);
      };
      stream.once('error', reject).once('data', answered);
      stream.write(question);
    });
  }

  private openStream(): VerdictStream {
    const stream = this.client.stream();
    stream.once('close', () => (this.stream = undefined));
    stream.on('error', () => (this.stream = undefined));
    return stream;
  }

  private async endStream(): Promise<void> {
    const { stream } = this;
    if (!stream) return;
    const ended = new Promise((resolve) => stream.once('status', resolve));
    stream.end();
    await ended;
  }

  private anyQuestion(): LeaseQuestion {
    const all = this.everyQuestion();
    return all[this.watched.random(all.length)] as LeaseQuestion;
  }

  private everyQuestion(): LeaseQuestion[] {
    return this.watched.walks.flatMap(({ identifier, askers }) =>
      askers.map((tenantId) => ({ identifier, tenantId })),
    );
  }
}
