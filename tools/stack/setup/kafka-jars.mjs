import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { askCommand, runCommand } from '../base/commands.mjs';
import { StackFailure } from '../base/failure.mjs';
import { writeAtomic } from '../base/files.mjs';
import { installPackages } from './system-packages.mjs';

const kafkaVersion = '4.3.1';
const log4jVersion = '2.25.4';
const oldestJava = 17;
const downloadTimeoutMs = 600_000;

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>numbering</groupId>
  <artifactId>kafka-broker</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${kafkaVersion}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>${log4jVersion}</version>
    </dependency>
  </dependencies>
</project>
`;

/** Beside the checkout's data, not in it: a wipe or a new clone need not download again. */
function cacheFolder() {
  const cache = process.env.XDG_CACHE_HOME || path.join(homedir(), '.cache');
  return path.join(cache, 'numbering-service', `kafka-${kafkaVersion}`);
}

async function findJava() {
  const { JAVA_HOME } = process.env;
  const candidates = [...(JAVA_HOME ? [path.join(JAVA_HOME, 'bin/java')] : []), 'java'];
  for (const command of candidates) {
    const said = await askCommand(command, ['-version']);
    const [, major] = /version "(\d+)/.exec(said ?? '') ?? [];
    if (Number(major) >= oldestJava) return command;
  }
  return undefined;
}

/**
 * Java and the folder of Kafka's jars, both got where they are missing.
 *
 * @throws StackFailure that says what is missing and how to get it
 * @returns {Promise<{java: string, jars: string}>}
 */
export async function ensureKafka(context) {
  const jars = path.join(cacheFolder(), 'libs');
  const hasJars = existsSync(jars);
  const found = await findJava();
  const packages = [
    ...(found ? [] : ['openjdk-17-jre-headless']),
    ...(hasJars || (await askCommand('mvn', ['--version'])) ? [] : ['maven']),
  ];
  if (packages.length > 0) {
    const purpose = `What Kafka needs (Java ${oldestJava}, Maven to fetch it)`;
    await installPackages({ packages, purpose, context });
  }
  const java = found ?? (await findJava());
  if (!java) throw new StackFailure(`Java ${oldestJava} or newer is not on the PATH.`);
  if (!hasJars) await downloadJars(jars, context);
  return { java, jars };
}

async function downloadJars(jars, context) {
  const { home, say, signal } = context;
  say(`fetching Kafka ${kafkaVersion}`);
  mkdirSync(path.dirname(jars), { recursive: true });
  const draft = mkdtempSync(`${jars}-`);
  try {
    writeAtomic(path.join(draft, 'pom.xml'), pom);
    const output = path.join(draft, 'libs');
    await runCommand({
      what: 'Kafka could not be fetched',
      command: 'mvn',
      args: [
        'dependency:copy-dependencies',
        ...['-q', '-B', '-DincludeScope=runtime', `-DoutputDirectory=${output}`],
      ],
      ...{ cwd: draft, logFile: home.logFile('kafka-jars'), timeoutMs: downloadTimeoutMs, signal },
      remedy: 'Maven must reach its repository.',
    });
    // Whole or not at all: two first starts may both fetch, the later one keeps what is there.
    if (!existsSync(jars)) renameSync(output, jars);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}
