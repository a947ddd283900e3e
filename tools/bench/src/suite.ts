import type { Benchmark } from './benchmark';
import { browseBenchmarks } from './browse/browse.bench';
import { importBlock } from './import/import.bench';
import { invalidation } from './invalidation/invalidation.bench';
import { peerBenchmarks } from './peer/peer.bench';
import { releaseLagBenchmarks } from './release/release-lag.bench';
import { contention } from './reserve/contention.bench';
import { reserveBenchmarks } from './reserve/reserve.bench';
import { missBenchmarks } from './validate/miss.bench';
import { validateBenchmarks, validateInBatches, validateLatency } from './validate/validate.bench';

/** Every benchmark of the suite, by the name that the command line knows. */
export const SUITE: Readonly<Record<string, readonly Benchmark[]>> = {
  validate: validateBenchmarks,
  'validate-batch': [validateInBatches],
  'validate-latency': [validateLatency],
  'validate-miss': missBenchmarks,
  invalidation: [invalidation],
  'validate-peer': peerBenchmarks,
  reserve: reserveBenchmarks,
  contention: [contention],
  'release-lag': releaseLagBenchmarks,
  browse: browseBenchmarks,
  import: [importBlock],
};
