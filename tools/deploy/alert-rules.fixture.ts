// The alert rules as data. One file a subject, in one folder; what takes them says so in their heads.
import { readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { textOf } from './deploy-files.fixture';

export const ALERTS_FOLDER = 'docker/observability/alerts';

export interface AlertRule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`);

export const ruleFiles = filesIn(ALERTS_FOLDER, '.rules.yaml');
export const ruleTestFiles = filesIn(`${ALERTS_FOLDER}/tests`, '.test.yaml');

/** Every alert there is. */
export const alertRules: AlertRule[] = ruleFiles.flatMap((file) => {
  const { groups } = parse(textOf(file)) as { groups: { rules: AlertRule[] }[] };
  return groups.flatMap(({ rules }) => rules);
});
