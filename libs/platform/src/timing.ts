// A histogram for paths on which prom-client's own, which looks its labels up at each observation,
// would be seen in a profile: series are bound once, and read when they are scraped.
import type { Metric } from 'prom-client';
import { METRICS } from './metric-names.js';
import type { HistogramName, LabelOf } from './metric-names.js';
import { metricsRegistry } from './metrics.js';

type Labels<Name extends HistogramName> = Readonly<Record<LabelOf<Name>, string>>;
type Sample = { metricName: string; labels: Readonly<Record<string, string>>; value: number };

/** The durations of one set of labels. */
export class Timing {
  private readonly counts: Float64Array;
  private sumSeconds = 0;
  private count = 0;

  constructor(private readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length);
  }

  /** Makes nothing that is to be collected. */
  observe(seconds: number): void {
    this.sumSeconds += seconds;
    this.count++;
    for (let at = 0; at < this.bounds.length; at++) {
      if (seconds > (this.bounds[at] ?? 0)) continue;
      this.counts[at] = (this.counts[at] ?? 0) + 1;
      return;
    }
  }

  samples(name: string, labels: Readonly<Record<string, string>>): Sample[] {
    let upTo = 0;
    const buckets = this.bounds.map((bound, at) => {
      upTo += this.counts[at] ?? 0;
      return {
        metricName: `${name}_bucket`,
        labels: { le: String(bound), ...labels },
        value: upTo,
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: this.count },
      { metricName: `${name}_sum`, labels, value: this.sumSeconds },
      { metricName: `${name}_count`, labels, value: this.count },
    ];
  }
}

interface Series {
  labels: Readonly<Record<string, string>>;
  timing: Timing;
}

const known = new Map<HistogramName, Map<string, Series>>();

/** The series of these labels; the same one each time it is asked for. It is shown from then on. */
export function timing<Name extends HistogramName>(name: Name, labels: Labels<Name>): Timing {
  const all = known.get(name) ?? registered(name);
  const key = JSON.stringify(labels);
  const series = all.get(key) ?? { labels, timing: new Timing(METRICS[name].buckets) };
  all.set(key, series);
  return series.timing;
}

function registered(name: HistogramName): Map<string, Series> {
  const all = new Map<string, Series>();
  const { help } = METRICS[name];
  const get = () => ({
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    values: [...all.values()].flatMap((each) => each.timing.samples(name, each.labels)),
  });
  // All that the registry asks of a metric is its name and what it reads.
  metricsRegistry.registerMetric({ name, get } as unknown as Metric);
  known.set(name, all);
  return all;
}
