// Lints texts as if they stood at given paths, by the configuration of this repository: JSON
// `[{ path, text }]` on stdin, JSON `[[{ ruleId, message }]]` on stdout. A text at the path of a
// file that exists is judged with types, another without (the compiler knows no such file).
import { existsSync } from 'node:fs';
import path from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

const root = path.resolve(import.meta.dirname, '../..');
const TYPED = ['no-floating-promises', 'exhaustive-switch', 'injected-class'];
const withoutTypes = {
  ...tseslint.configs.disableTypeChecked,
  rules: {
    ...tseslint.configs.disableTypeChecked.rules,
    ...Object.fromEntries(TYPED.map((name) => [`house/${name}`, 'off'])),
  },
};
const typed = new ESLint({ cwd: root });
const untyped = new ESLint({ cwd: root, overrideConfig: [withoutTypes] });

const answers = [];
for (const { path: file, text } of JSON.parse(await textOf(process.stdin))) {
  const filePath = path.join(root, file);
  const eslint = existsSync(filePath) ? typed : untyped;
  const [result] = await eslint.lintText(text, { filePath });
  answers.push(result.messages.map(({ ruleId, message }) => ({ ruleId, message })));
}
process.stdout.write(JSON.stringify(answers));
