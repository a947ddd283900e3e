// prom-client behind names that are checked by the compiler, and the door that shows them.
import { Controller, Get, Module, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { METRICS } from './metric-names.js';
import type { CounterName, GaugeName, HistogramName, LabelOf } from './metric-names.js';

/** The one registry of a process. */
export const metricsRegistry = new Registry();

/** The counter of this name; the same one each time it is asked for. */
export function counter<Name extends CounterName>(name: Name): Counter<LabelOf<Name>> {
  const known = metricsRegistry.getSingleMetric(name) as Counter<LabelOf<Name>> | undefined;
  return known ?? new Counter({ ...described(name), registers: [metricsRegistry] });
}

/** The gauge of this name; the same one each time it is asked for. */
export function gauge<Name extends GaugeName>(name: Name): Gauge<LabelOf<Name>> {
  const known = metricsRegistry.getSingleMetric(name) as Gauge<LabelOf<Name>> | undefined;
  return known ?? new Gauge({ ...described(name), registers: [metricsRegistry] });
}

/**
 * A gauge without labels that is read when it is scraped. The newest reading counts where it is asked for again.
 * @param read must not reject; NaN for what is not known
 */
export function scrapedGauge(name: GaugeName, read: () => Promise<number>): void {
  metricsRegistry.removeSingleMetric(name);
  const scraped: Gauge = new Gauge({
    ...described(name),
    registers: [metricsRegistry],
    collect: async () => scraped.set(await read()),
  });
}

/** The histogram of this name; the same one each time it is asked for. Observe seconds. */
export function histogram<Name extends HistogramName>(name: Name): Histogram<LabelOf<Name>> {
  const known = metricsRegistry.getSingleMetric(name) as Histogram<LabelOf<Name>> | undefined;
  const buckets = [...METRICS[name].buckets];
  return known ?? new Histogram({ ...described(name), buckets, registers: [metricsRegistry] });
}

function described<Name extends keyof typeof METRICS>(name: Name) {
  const { help, labels } = METRICS[name];
  return { name, help, labelNames: labels as readonly LabelOf<Name>[] };
}

/** GET /metrics in the text format of Prometheus. */
@Controller()
export class MetricsController {
  @Get('metrics')
  async show(@Res() reply: FastifyReply): Promise<void> {
    const text = await metricsRegistry.metrics();
    await reply.header('Content-Type', metricsRegistry.contentType).send(text);
  }
}

let defaultsCollected = false;

@Module({ controllers: [MetricsController] })
export class MetricsModule {
  constructor() {
    // Once a process: a second collection would register the same names again.
    if (!defaultsCollected) collectDefaultMetrics({ register: metricsRegistry });
    defaultsCollected = true;
  }
}
