import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../base/commands.mjs';
import { describeFailure, StackFailure } from '../base/failure.mjs';
import { writeAtomic } from '../base/files.mjs';
import { hushNegativeTimers } from '../base/quiet-kafkajs.mjs';
import { readyOrDead } from '../base/processes.mjs';
import { waitFor } from '../base/wait.mjs';
import { ensureKafka } from '../setup/kafka-jars.mjs';

const defaultPorts = { broker: 9092, controller: 9093 };
const formatTimeoutMs = 60_000;
const readyLimitMs = 90_000;
const givenLimitMs = 20_000;
const stopTimeoutMs = 15_000;
const heapMb = 512;

const settings = ({ broker, controller, folder }) => `process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:${controller}
listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}
controller.listener.names=CONTROLLER
log.dirs=${folder}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
default.replication.factor=1
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
`;

const logging = `rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1}: %m%n
`;

/**
 * Kafka of the stack: the given brokers, else one KRaft node of its own, its data in the home.
 * Where Java or the jars cannot be had the answer is `{missing: reason}`: the suite works without,
 * its events wait in the outbox.
 *
 * @throws StackFailure where it does not come up, or is missing and `isKafkaRequired`
 */
export async function startKafka(context) {
  const given = process.env.KAFKA_BROKERS;
  if (given) {
    const what = `KAFKA_BROKERS=${given} did not answer`;
    await waitFor(() => probe(given), { what, limitMs: givenLimitMs, signal: context.signal });
    return { brokers: given };
  }
  let programs;
  try {
    programs = await ensureKafka(context);
  } catch (error) {
    if (context.isKafkaRequired || !(error instanceof StackFailure)) throw error;
    return { missing: describeFailure(error) };
  }
  return startOwn(context, programs);
}

async function startOwn({ home, processes, takePort, signal }, { java, jars }) {
  const folder = home.at('kafka/data');
  mkdirSync(folder, { recursive: true });
  const ports = {
    broker: await takePort(defaultPorts.broker),
    controller: await takePort(defaultPorts.controller),
  };
  const properties = home.at('kafka/server.properties');
  writeAtomic(properties, settings({ ...ports, folder }));
  writeAtomic(home.at('kafka/log4j2.properties'), logging);
  const common = [
    `-Dlog4j2.configurationFile=${home.at('kafka/log4j2.properties')}`,
    ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', path.join(jars, '*')],
  ];
  if (!existsSync(path.join(folder, 'meta.properties'))) {
    const format = ['format', '--standalone', '-t', clusterId(home), '-c', properties];
    await runCommand({
      what: 'The folder of Kafka could not be prepared',
      command: java,
      args: [...common, 'kafka.tools.StorageTool', ...format],
      ...{ logFile: home.logFile('kafka-format'), timeoutMs: formatTimeoutMs, signal },
    });
  }
  const brokers = `127.0.0.1:${ports.broker}`;
  const runtime = common.filter((flag) => flag !== '-XX:TieredStopAtLevel=1');
  const handle = processes.launch({
    name: 'kafka',
    stage: 'store',
    command: java,
    args: [`-Xmx${heapMb}m`, ...runtime, 'kafka.Kafka', properties],
    stopTimeoutMs,
  });
  const what = `Kafka did not answer on ${brokers}`;
  await readyOrDead(handle, signal, (either) =>
    waitFor(() => probe(brokers), {
      what,
      limitMs: readyLimitMs,
      signal: either,
      logFile: handle.logFile,
    }),
  );
  return { brokers, pid: handle.pid };
}

/** Kafka's own form of an id: 16 bytes, base64url. Kept, since the data belongs to it. */
function clusterId(home) {
  const file = home.at('kafka/cluster-id');
  if (!existsSync(file))
    writeAtomic(file, randomBytes(16).toString('base64url').replace(/^-/, 'A'));
  return readFileSync(file, 'utf8');
}

async function probe(brokers) {
  hushNegativeTimers();
  const { Kafka, logLevel } = (await import('kafkajs')).default;
  const kafka = new Kafka({
    clientId: 'numbering-stack',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    connectionTimeout: 2_000,
    requestTimeout: 5_000,
    retry: { retries: 0 },
  });
  const admin = kafka.admin();
  try {
    await admin.connect();
    const { brokers: known } = await admin.describeCluster();
    if (known.length === 0) throw new Error('no broker has joined yet');
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
}
