import { metricsRegistry } from './metrics.js';
import { timing } from './timing.js';

describe('a timing', () => {
  const labels = { path: 'memory', valid: 'true' };

  it('is the same one each time it is asked for', () => {
    const name = 'num_validate_lease_duration_seconds';
    expect(timing(name, labels)).toBe(timing(name, { ...labels }));
    expect(timing(name, labels)).not.toBe(timing(name, { ...labels, valid: 'false' }));
  });

  it('is shown as Prometheus reads a histogram: each bucket with those below it', async () => {
    const each = timing('num_validate_lease_duration_seconds', labels);
    for (const seconds of [0.00005, 0.0001, 0.0002, 0.7, 30]) each.observe(seconds);
    const text = await metricsRegistry.metrics();
    const valueOf = (series: string): number =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(series))
          ?.split(' ')
          .at(-1),
      );
    const name = 'num_validate_lease_duration_seconds';
    const memory = 'path="memory",valid="true"';
    expect(text).toContain(`# TYPE ${name} histogram`);
    expect(valueOf(`${name}_bucket{le="0.0001",${memory}}`)).toBe(2);
    expect(valueOf(`${name}_bucket{le="0.00025",${memory}}`)).toBe(3);
    expect(valueOf(`${name}_bucket{le="0.1",${memory}}`)).toBe(3);
    expect(valueOf(`${name}_bucket{le="1",${memory}}`)).toBe(4);
    expect(valueOf(`${name}_bucket{le="+Inf",${memory}}`)).toBe(5);
    expect(valueOf(`${name}_count{${memory}}`)).toBe(5);
    expect(valueOf(`${name}_sum{${memory}}`)).toBeCloseTo(30.70035);
  });
});
