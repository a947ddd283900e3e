// The rules of the house that no plugin has. Where each of them holds, eslint.config.mjs says.
import path from 'node:path';
import { rule } from './reasoned.mjs';

const isMember = (node, object, property) =>
  node.object.type === 'Identifier' &&
  node.object.name === object &&
  (node.property.name === property || node.property.value === property);

const clock = rule(
  'Reads a clock. Reason: time is an argument, and the database decides it; the machines’ clocks ' +
    'differ. Take monotonicMs, wallClockMs or DatabaseClock of @numbering/platform.',
  (report) => ({
    MemberExpression(node) {
      if (isMember(node, 'Date', 'now')) report(node);
      if (isMember(node, 'performance', 'now')) report(node);
      if (isMember(node, 'process', 'hrtime')) report(node);
    },
    NewExpression(node) {
      if (node.callee.name === 'Date' && node.arguments.length === 0) report(node);
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') report(node);
    },
  }),
);

const environment = rule(
  'Reads the environment. Reason: what can be set is checked once, at the start, in ' +
    'libs/platform/src/config.ts, where all of it can be seen. Take it from Config.',
  (report) => ({
    MemberExpression(node) {
      if (isMember(node, 'process', 'env')) report(node);
    },
    'VariableDeclarator[init.name="process"] > ObjectPattern > Property[key.name="env"]': report,
    'ImportDeclaration[source.value=/^(node:)?process$/] > ImportSpecifier[imported.name="env"]':
      report,
  }),
);

/** Upper case, as our SQL is written: `Set the …` in a sentence is none. */
const STATEMENT =
  /^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|COPY|CREATE|ALTER|DROP|SET|TRUNCATE|GRANT)\s+\S/;
const textOf = (node) => {
  if (node?.type === 'Literal') return typeof node.value === 'string' ? node.value : undefined;
  if (node?.type === 'TemplateLiteral') return node.quasis[0].value.cooked ?? '';
  return undefined;
};

const sql = rule(
  'SQL outside persistence. Reason: locks, guards and indexes are judged together, so every ' +
    'statement stands in libs/persistence. Give the store there a method.',
  (report) => ({
    'Literal, TemplateLiteral'(node) {
      if (STATEMENT.test(textOf(node) ?? '')) report(node);
    },
    'CallExpression[callee.property.name="query"]'(node) {
      const text = textOf(node.arguments[0]);
      if (text !== undefined && !STATEMENT.test(text)) report(node);
    },
  }),
);

const PURE_IMPORT = /^(\.{1,2}\/|@numbering\/contracts$|temporal-polyfill$)/;

const pureDomain = rule(
  'The domain imports more than contracts and temporal-polyfill. Reason: a decision is a pure ' +
    'function that can be read, tested and moved without a framework or a server.',
  (report) => {
    const check = (node) => {
      if (node.source && !PURE_IMPORT.test(node.source.value)) report(node);
    };
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      'CallExpression[callee.name="require"]': report,
    };
  },
);

const EMPTY_NAME = /(Service|Manager|Helper|Util)s?$/;
const EMPTY_FILE_NAME = /(^|[-.])(service|manager|helper|util)s?(?=\.|$)/i;

const names = rule(
  'A name that ends in Service, Manager, Helper or Util. Reason: such a name fits anything, so ' +
    'anything gathers there. Say what it is or what happens.',
  (report, context) => ({
    Program(node) {
      if (EMPTY_FILE_NAME.test(path.basename(context.filename))) report(node);
    },
    'ClassDeclaration, ClassExpression'(node) {
      if (node.id && EMPTY_NAME.test(node.id.name)) report(node.id);
    },
  }),
);

const TEST_NAMES = new Set(['it', 'test', 'describe']);
const SKIPPING = new Set(['skip', 'only', 'todo', 'failing']);
const SKIPPED_NAMES = new Set(['xit', 'xtest', 'xdescribe', 'fit', 'fdescribe']);

const noSkippedTest = rule(
  'A test that does not run, or keeps others from running. Reason: a missing server or a broken ' +
    'rule must show as a failure. Mend the test, or take it out and say so in the commit.',
  (report) => ({
    MemberExpression(node) {
      const { object, property } = node;
      const root = object.type === 'MemberExpression' ? object.object : object;
      if (TEST_NAMES.has(root.name) && SKIPPING.has(property.name)) report(node);
    },
    CallExpression(node) {
      if (SKIPPED_NAMES.has(node.callee.name)) report(node);
    },
  }),
);

const console = rule(
  'Writes to the console. Reason: a line without level, app and requestId is lost to whoever ' +
    'searches, and redacts no token. Take the log of @numbering/platform.',
  (report) => ({
    'MemberExpression[object.name="console"]': report,
  }),
);

const DIRECTIVE = /^\s*(eslint(-disable|-enable)?\b|global\s|@ts-(ignore|nocheck|expect-error)\b)/;

const noInlineConfig = rule(
  'Turns a rule off in the code. Reason: an exception that one line makes for itself is seen by ' +
    'nobody. Change the code, or the rule in eslint.config.mjs for all.',
  (report, context) => ({
    Program() {
      for (const comment of context.sourceCode.getAllComments()) {
        if (DIRECTIVE.test(comment.value)) report(comment);
      }
    },
  }),
);

const injectedClass = rule(
  'A class that is injected is imported as a type. Reason: Nest finds what to inject by the ' +
    'class itself, and a type is gone when the program runs. Import it without `type`.',
  (report, context) => {
    const { program, esTreeNodeToTSNodeMap } = context.sourceCode.parserServices;
    const types = new Set();
    const isClass = (node) => {
      const type = program.getTypeChecker().getTypeAtLocation(esTreeNodeToTSNodeMap.get(node));
      return type.isClass();
    };
    return {
      ImportDeclaration(node) {
        for (const each of node.specifiers) {
          if (node.importKind === 'type' || each.importKind === 'type') types.add(each.local.name);
        }
      },
      'ClassDeclaration:exit'(node) {
        if (!(node.decorators?.length > 0)) return;
        const made = node.body.body.find((member) => member.kind === 'constructor');
        for (const parameter of made?.value.params ?? []) {
          const hasToken = parameter.decorators?.length > 0;
          const type = (parameter.parameter ?? parameter).typeAnnotation?.typeAnnotation;
          if (!hasToken && types.has(type?.typeName?.name) && isClass(type)) report(parameter);
        }
      },
    };
  },
);

const MAX_FUNCTION_LINES = 70;

const functionLength = rule(
  `A function of more than ${MAX_FUNCTION_LINES} lines. Reason: what does not fit a screen is not ` +
    'read as a whole. Give its parts names.',
  (report) => {
    const check = (node) => {
      const { parent, loc } = node;
      const callee = parent.type === 'CallExpression' ? parent.callee : undefined;
      // A suite is a list of tests, not something that runs from its top to its end.
      const suite = callee?.callee?.object ?? callee?.object ?? callee;
      if (suite?.name === 'describe' || suite?.object?.name === 'describe') return;
      if (loc.end.line - loc.start.line + 1 > MAX_FUNCTION_LINES) report(node);
    };
    return {
      FunctionDeclaration: check,
      FunctionExpression: check,
      ArrowFunctionExpression: check,
    };
  },
);

export const houseRules = {
  clock,
  environment,
  sql,
  'pure-domain': pureDomain,
  names,
  'no-skipped-test': noSkippedTest,
  console,
  'no-inline-config': noInlineConfig,
  'injected-class': injectedClass,
  'function-length': functionLength,
};
