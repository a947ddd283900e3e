import { IDENTIFIER_CLASSES } from '@numbering/contracts';
import { runbookOf } from '@numbering/domain';
import { METRICS, type MetricName } from '@numbering/platform';
import { alertRules, ruleFiles, ruleTestFiles, type AlertRule } from './alert-rules.fixture';
import { namesIn, textOf } from './deploy-files.fixture';

const SERIES_OF_A_HISTOGRAM = /_(bucket|count|sum)$/;
const named = alertRules.map((rule): [string, AlertRule] => [rule.alert, rule]);

/** The metric that a series belongs to. */
const metricOf = (series: string): string =>
  series in METRICS ? series : series.replace(SERIES_OF_A_HISTOGRAM, '');
const seriesIn = (expr: string): string[] =>
  [...expr.matchAll(/\bnum(?:bering)?_[a-z_]+\b/g)].map(([name]) => name);

/** One, or those among which a template chooses. */
const runbooksIn = ({ annotations }: AlertRule): string[] =>
  [...(annotations.runbook ?? '').matchAll(/docs\/runbooks\/([\w-]+\.md)/g)].map(
    ([, page]) => page ?? '',
  );

describe('the alert rules', () => {
  it('have a file of tests each, and names that do not repeat', () => {
    expect(ruleFiles.length).toBeGreaterThan(0);
    expect(
      ruleTestFiles.map((file) => file.replace('/tests/', '/').replace('.test.', '.rules.')),
    ).toEqual(ruleFiles);
    expect(new Set(alertRules.map(({ alert }) => alert)).size).toBe(alertRules.length);
  });

  it('US-NUM-014 and US-NUM-002 tell of a Redis that is away', () => {
    expect(alertRules.map(({ alert }) => alert)).toContain('numbering_redis_down');
  });

  it('US-NUM-013 tell of pools that run out, with the page that its events name for the class', () => {
    const pages = IDENTIFIER_CLASSES.map((identifierClass) =>
      runbookOf({ operatorId: 'NATIONAL', blockPrefix: '*', identifierClass }),
    ).sort();
    for (const name of ['numbering_block_low', 'numbering_block_critical']) {
      const rule = alertRules.find(({ alert }) => alert === name);
      const told = rule ? runbooksIn(rule).map((page) => `docs/runbooks/${page}`) : [];
      expect(told.sort()).toEqual(pages);
    }
  });

  it('US-NUM-010 tell of lateness', () => {
    expect(alertRules.map(({ alert }) => alert)).toContain('numbering_release_late');
  });

  it.each(named)('%s asks for metrics that there are', (_name, { expr }) => {
    const series = seriesIn(expr);
    expect(series.length).toBeGreaterThan(0);
    expect(series.filter((each) => !(metricOf(each) in METRICS))).toEqual([]);
    const plain = series.filter((each) => !(each in METRICS)).map(metricOf) as MetricName[];
    for (const metric of plain) expect(METRICS[metric].kind).toBe('histogram');
  });

  it.each(named)('%s compares with a bound that its histogram has', (_name, { expr }) => {
    for (const [, metric, bounds] of expr.matchAll(/(num_\w+)_bucket\{le=~?"([^"]+)"/g)) {
      const its = METRICS[metric as MetricName];
      const all: readonly number[] = 'buckets' in its ? its.buckets : [];
      for (const bound of (bounds ?? '').split('|')) expect(all).toContain(Number(bound));
    }
  });

  it.each(named)('%s says what is the matter, how bad it is and what to do', (name, rule) => {
    expect(['warning', 'critical']).toContain(rule.labels.severity);
    expect(rule.annotations.summary?.length).toBeGreaterThan(0);
    expect(rule.annotations.description?.length).toBeGreaterThan(0);
    const pages = runbooksIn(rule);
    expect(pages.length).toBeGreaterThan(0);
    for (const page of pages) {
      expect(namesIn('docs/runbooks')).toContain(page);
      expect(textOf(`docs/runbooks/${page}`)).toContain(`\`${name}\``);
    }
  });
});
