import path from 'node:path';
import type { LeaseQuestion } from '@numbering/testing';
import { mustBe, type Benchmark, type Contest, type Measured, type Size } from '../benchmark';
import { median } from '../measure';
import { ghz, type Report } from './ghz';
import { goTool } from './go-tools';
import { openLeasedGround, type LeasedGround } from './leased-ground';
import { openPeer } from './openfga';

const NUMBERS = 2_000;
const TENANTS = 100;
const DEFAULT_CALLERS = 16;
/** Questions of a pass under way at once. */
const PASS_CALLERS = 16;
const PROTO_FOLDER = path.resolve('libs/contracts/proto');
const COUNT = /^num_validate_lease_duration_seconds_count\{path="(\w+)",valid="(\w+)"\} (\d+)$/gm;

/**
 * A peer's view: `ValidateLease` beside OpenFGA's `Check` of number#holder@tenant, on the same Postgres and the same
 * leases, under the same load from ghz. OpenFGA's answers may be a minute old, ours a second.
 */
const validateBesidePeer = (callers: number): Benchmark => ({
  name: callers === DEFAULT_CALLERS ? 'validate-peer' : `validate-peer-${callers}`,
  title: `ValidateLease with token, ${callers} callers under ghz / OpenFGA's Check with its cache`,
  ...{ unit: 'req/s', better: 'higher', bounds: 'ratio', floor: 1.2, goal: 2 },
  open: (size, resources) => openContest(resources, size, callers),
});

export const peerBenchmarks: readonly Benchmark[] = [DEFAULT_CALLERS, 64].map(validateBesidePeer);

/** One of the two: what it says to a question, what ghz sends it, and what it costs. */
interface Side {
  mayUse: (question: LeaseQuestion) => Promise<boolean>;
  underLoad: () => Promise<Report>;
  cpuSeconds: () => number;
}

async function openContest(
  resources: AsyncDisposableStack,
  { roundSeconds: seconds }: Size,
  callers: number,
): Promise<Contest> {
  const program = await goTool('ghz');
  await goTool('openfga');
  const ground = await openLeasedGround(resources, { numbers: NUMBERS, tenants: TENANTS });
  const peer = await openPeer(resources, ground.databaseUrl, ground.held);
  const how = { callers, seconds };
  const ours: Side = {
    mayUse: ({ identifier, tenantId }) =>
      ground.client.ask(identifier, tenantId).then(({ valid }) => valid),
    underLoad: () => countedByUs(ground, () => ghz(program, ourLoad(ground), how)),
    cpuSeconds: ground.validator.cpuSeconds,
  };
  const theirs: Side = {
    mayUse: peer.isAllowed,
    underLoad: () => ghz(program, peer.loadOf(ground.held), how),
    cpuSeconds: peer.cpuSeconds,
  };
  const seen = { ours: [] as Seen[], peer: [] as Seen[] };
  return {
    ours: () => round(ours, ground.held, seen.ours),
    limit: () => round(theirs, ground.held, seen.peer),
    seen: () => ({
      p99Ms: { ours: medianOf(seen.ours, 'p99Ms'), peer: medianOf(seen.peer, 'p99Ms') },
      cpuPerOp: { ours: medianOf(seen.ours, 'cpuPerOp'), peer: medianOf(seen.peer, 'cpuPerOp') },
    }),
  };
}

interface Seen {
  p99Ms: number;
  cpuPerOp: number;
}

/** The first is the warm-up. */
const medianOf = (seen: readonly Seen[], figure: keyof Seen): number =>
  Number(median(seen.slice(1).map((one) => one[figure])).toPrecision(3));

/** ghz looks at no message, so every question is asked before and after its load too. */
async function round(side: Side, held: readonly LeaseQuestion[], seen: Seen[]): Promise<Measured> {
  await everyAnswerIsRight(side, held);
  const before = side.cpuSeconds();
  const { callsPerSecond, calls, p99Ms } = await side.underLoad();
  const cpuPerOp = ((side.cpuSeconds() - before) * 1e6) / calls;
  await everyAnswerIsRight(side, held);
  seen.push({ p99Ms, cpuPerOp });
  return { value: callsPerSecond, cpuPerOp };
}

async function everyAnswerIsRight(side: Side, held: readonly LeaseQuestion[]): Promise<void> {
  const left = held.values();
  const caller = async () => {
    for (const question of left) {
      const { identifier, tenantId } = question;
      mustBe(`${identifier} of ${tenantId}`, await side.mayUse(question), true);
    }
  };
  await Promise.all(Array.from({ length: PASS_CALLERS }, caller));
  const [{ identifier }] = held as [LeaseQuestion];
  mustBe(`${identifier} of another`, await side.mayUse({ identifier, tenantId: 'other' }), false);
}

const ourLoad = ({ held, validator, token }: LeasedGround) => ({
  call: 'numbering.v1.LeaseValidator/ValidateLease',
  address: validator.grpc,
  requests: held,
  metadata: { authorization: `Bearer ${token}` },
  proto: {
    file: path.join(PROTO_FOLDER, 'numbering/v1/lease_validator.proto'),
    folder: PROTO_FOLDER,
  },
});

/** Our own count of answers by their outcome must be what ghz counted: all valid, none other. */
async function countedByUs({ validator }: LeasedGround, load: () => Promise<Report>) {
  const before = await answersOf(validator.url);
  const report = await load();
  const after = await answersOf(validator.url);
  mustBe('valid answers that were counted', after.valid - before.valid, report.calls);
  mustBe('answers of others', after.invalid - before.invalid, 0);
  return report;
}

async function answersOf(url: string): Promise<{ valid: number; invalid: number }> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const answers = { valid: 0, invalid: 0 };
  for (const [, , valid, count] of text.matchAll(COUNT)) {
    answers[valid === 'true' ? 'valid' : 'invalid'] += Number(count);
  }
  return answers;
}
