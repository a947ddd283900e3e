import { METRICS } from './metric-names.js';
import { counter, gauge, histogram, metricsRegistry } from './metrics.js';

describe('metrics', () => {
  it('gives the same metric each time', () => {
    expect(counter('num_redis_fallback_total')).toBe(counter('num_redis_fallback_total'));
    expect(gauge('num_redis_up')).toBe(gauge('num_redis_up'));
    expect(histogram('num_release_lag_seconds')).toBe(histogram('num_release_lag_seconds'));
  });

  it('shows help, type and labels as the table says', async () => {
    gauge('numbering_block_capacity_remaining').set(
      { operator_id: 'ROSHAN', block_prefix: '+9379', identifier_class: 'MSISDN' },
      42,
    );
    const text = await metricsRegistry.metrics();
    expect(text).toContain(
      '# HELP numbering_block_capacity_remaining ' +
        METRICS.numbering_block_capacity_remaining.help,
    );
    expect(text).toContain('# TYPE numbering_block_capacity_remaining gauge');
    expect(text).toContain(
      'numbering_block_capacity_remaining{operator_id="ROSHAN",block_prefix="+9379",' +
        'identifier_class="MSISDN"} 42',
    );
  });
});
