// Every metric there is, in one table: what a dashboard or an alert may name. A name is for ever;
// labels are few and of few values (never a tenant or an identifier).

/** Seconds from a memory hit to a store that is away. */
const ANSWER_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 1];
/** Seconds between a moment and what should follow it at once. */
const LAG_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];
/** Bounds at what is aimed at (60 ms), what is borne (250 ms) and what is promised (2 s). */
const RELEASE_LAG_SECONDS = [0.01, 0.025, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300];

type MetricOf<Kind extends string> = Readonly<{
  kind: Kind;
  help: string;
  labels: readonly string[];
}>;
type HistogramMetric = MetricOf<'histogram'> & Readonly<{ buckets: readonly number[] }>;

export const METRICS = {
  num_reservations_auto_released_total: {
    kind: 'counter',
    help: 'Reservations and holds that ended by their time and were made available again, by the alarm that rang first',
    labels: ['alarm'],
  },
  num_reservations_active: {
    kind: 'gauge',
    help: 'Reservations and holds that have not ended, counted in the database at the scrape; at most 1 s old, of a million claims 2 s; NaN while it does not answer',
    labels: [],
  },
  numbering_block_capacity_remaining: {
    kind: 'gauge',
    help: 'Numbers of a pool that are available and valid now',
    labels: ['operator_id', 'block_prefix', 'identifier_class'],
  },
  numbering_block_capacity_remaining_percent: {
    kind: 'gauge',
    help: 'The same in percent of all numbers of the pool that are not retired, cut off after two decimals',
    labels: ['operator_id', 'block_prefix', 'identifier_class'],
  },
  numbering_block_severity: {
    kind: 'gauge',
    help: 'What a pool is alerted for: 0 nothing, 1 WARNING (below 5 %, over at 6 %), 2 SEV1 (below 1 %, over at 1.5 %)',
    labels: ['operator_id', 'block_prefix', 'identifier_class'],
  },
  numbering_block_capacity_age_seconds: {
    kind: 'gauge',
    help: 'Age of the measurement that the other gauges of pools show; grows while none succeeds; NaN before the first',
    labels: [],
  },
  num_validate_lease_duration_seconds: {
    kind: 'histogram',
    help: 'Time of one ValidateLease answer, by where its facts came from',
    labels: ['path', 'valid'],
    buckets: ANSWER_SECONDS,
  },
  num_release_lag_seconds: {
    kind: 'histogram',
    help: "From a claim's end to the commit that made its identifier available again, whatever alarm rang",
    labels: [],
    buckets: RELEASE_LAG_SECONDS,
  },
  num_release_overdue_seconds: {
    kind: 'gauge',
    help: 'How long the claim that ended first has been waiting for its release, read as num_reservations_active; 0 when none is over',
    labels: [],
  },
  num_outbox_lag_seconds: {
    kind: 'gauge',
    help: 'Age of the oldest event that Kafka has not acknowledged, 0 when there is none',
    labels: [],
  },
  num_outbox_unsent: {
    kind: 'gauge',
    help: 'Events that Kafka has not acknowledged, counted up to 100,000',
    labels: [],
  },
  num_outbox_parked: {
    kind: 'gauge',
    help: 'Keys whose events wait because Kafka refused one of them for its content',
    labels: [],
  },
  num_outbox_sent_total: {
    kind: 'counter',
    help: 'Events that this process sent and Kafka acknowledged',
    labels: [],
  },
  num_outbox_leader: {
    kind: 'gauge',
    help: 'Whether this process is the one that sends events (1) or not (0)',
    labels: [],
  },
  num_reconciler_failures_total: {
    kind: 'counter',
    help: 'Runs of a reconciler that failed; its next run tries again',
    labels: ['job'],
  },
  num_cascade_pending: {
    kind: 'gauge',
    help: 'Suspended tenants from whom not everything has been taken back yet',
    labels: [],
  },
  num_renewals_total: {
    kind: 'counter',
    help: 'What a renewal run of this process came to for a lease that was due',
    labels: ['outcome'],
  },
  num_billing_unavailable_total: {
    kind: 'counter',
    help: 'Questions about renewals that billing left without an answer in every try of a run of this process',
    labels: [],
  },
  num_billing_unanswered: {
    kind: 'gauge',
    help: 'Questions about renewals that billing owes an answer, whoever asked; counted up to 100,000',
    labels: [],
  },
  num_renewal_approvals_unused_total: {
    kind: 'counter',
    help: 'Renewals that billing approved and that could not be made any more: to be given back',
    labels: [],
  },
  num_invalidation_lag_seconds: {
    kind: 'histogram',
    help: 'From the commit of a change to its eviction from this process',
    labels: [],
    buckets: LAG_SECONDS,
  },
  num_redis_fallback_total: {
    kind: 'counter',
    help: 'Calls that went on without Redis because it did not answer',
    labels: [],
  },
  num_rate_limited_total: {
    kind: 'counter',
    help: 'Calls of tenants that were refused because there were too many, by limit',
    labels: ['limit'],
  },
  num_rate_limits_local: {
    kind: 'gauge',
    help: 'Whether this process counts calls against rate limits by itself alone (1), since Redis does not answer',
    labels: [],
  },
  num_redis_up: {
    kind: 'gauge',
    help: 'Whether Redis answers this process (1) or not (0)',
    labels: [],
  },
  num_kafka_up: {
    kind: 'gauge',
    help: 'Whether Kafka answers this process (1) or not (0)',
    labels: [],
  },
  num_events_dead_lettered_total: {
    kind: 'counter',
    help: 'Inbound messages that could not be read and were sent to the dead letter topic',
    labels: ['topic'],
  },
} as const satisfies Readonly<
  Record<string, MetricOf<'counter'> | MetricOf<'gauge'> | HistogramMetric>
>;

export type MetricName = keyof typeof METRICS;
type NamesOf<Kind> = {
  [Name in MetricName]: (typeof METRICS)[Name]['kind'] extends Kind ? Name : never;
}[MetricName];
export type CounterName = NamesOf<'counter'>;
export type GaugeName = NamesOf<'gauge'>;
export type HistogramName = NamesOf<'histogram'>;
export type LabelOf<Name extends MetricName> = (typeof METRICS)[Name]['labels'][number];
