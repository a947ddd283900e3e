import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(__dirname, '../../../..');
const METHODS: Readonly<Record<string, string>> = { Get: 'GET', Post: 'POST', Put: 'PUT' };
/** Called with a code, or made with one. */
const REFUSERS = new Set(['refuse', 'Problem']);

/**
 * Read from the source: of each route of a controller the codes of all refusals that its method can
 * come to, through every function of this repository that it calls or hands on.
 */
export function reachableCodes(): Map<string, Set<string>> {
  const program = programOf();
  const walk = new Walk(program.getTypeChecker());
  const routes = new Map<string, Set<string>>();
  for (const source of program.getSourceFiles()) {
    if (!source.fileName.endsWith('.controller.ts')) continue;
    for (const { route, method } of routesIn(source)) routes.set(route, walk.from(method));
  }
  return routes;
}

/** Our own files alone: what packages declare refuses nothing, and takes seconds to read. */
function programOf(): ts.Program {
  const options: ts.CompilerOptions = { noLib: true, types: [], experimentalDecorators: true };
  const host = ts.createCompilerHost(options);
  host.resolveModuleNameLiterals = (literals, from) =>
    literals.map(({ text }) => {
      const resolvedFileName = ownFile(text, from);
      return {
        resolvedModule: resolvedFileName ? { resolvedFileName, extension: '.ts' } : undefined,
      };
    });
  return ts.createProgram([path.join(ROOT, 'apps/inventory-api/src/app.module.ts')], options, host);
}

function ownFile(name: string, from: string): string | undefined {
  const lib = /^@numbering\/(\w+)$/.exec(name)?.[1];
  if (lib) return path.join(ROOT, `libs/${lib}/src/index.ts`);
  if (!name.startsWith('.')) return undefined;
  return `${path.resolve(path.dirname(from), name.replace(/\.js$/, ''))}.ts`;
}

function* routesIn(source: ts.SourceFile): Generator<{ route: string; method: ts.Node }> {
  for (const made of source.statements.filter(ts.isClassDeclaration)) {
    const prefix = decoratorOf(made, 'Controller');
    if (prefix === undefined || decoratorOf(made, 'ApiExcludeController') !== undefined) continue;
    for (const method of made.members.filter(ts.isMethodDeclaration)) {
      for (const [name, verb] of Object.entries(METHODS)) {
        const rest = decoratorOf(method, name);
        if (rest === undefined) continue;
        const written = `/${prefix}${rest && `/${rest}`}`;
        yield { route: `${verb} ${written.replaceAll(/:(\w+)/g, '{$1}')}`, method };
      }
    }
  }
}

/** The text that a decorator was given; empty where it was given none. */
function decoratorOf(node: ts.HasDecorators, name: string): string | undefined {
  for (const { expression } of ts.getDecorators(node) ?? []) {
    if (!ts.isCallExpression(expression) || expression.expression.getText() !== name) continue;
    const [argument] = expression.arguments;
    return argument && ts.isStringLiteral(argument) ? argument.text : '';
  }
  return undefined;
}

class Walk {
  constructor(private readonly checker: ts.TypeChecker) {}

  from(method: ts.Node): Set<string> {
    const codes = new Set<string>();
    const seen = new Set<ts.Node>();
    const waiting: ts.Node[] = [method];
    for (let node = waiting.pop(); node; node = waiting.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      this.read(node, codes, waiting);
    }
    return codes;
  }

  private read(node: ts.Node, codes: Set<string>, waiting: ts.Node[]): void {
    const visit = (each: ts.Node): void => {
      // What a method says of itself is what is compared; a type runs nothing.
      if (ts.isTypeNode(each) || (ts.isDecorator(each) && !ts.isParameter(each.parent))) return;
      const code = codeIn(each);
      if (code !== undefined) codes.add(code);
      if (ts.isIdentifier(each)) waiting.push(...this.behind(each));
      ts.forEachChild(each, visit);
    };
    ts.forEachChild(node, visit);
  }

  /** What a name stands for, where that is something of ours that can run. */
  private behind(name: ts.Identifier): ts.Node[] {
    let symbol = this.checker.getSymbolAtLocation(name);
    if (symbol && symbol.flags & ts.SymbolFlags.Alias) {
      symbol = this.checker.getAliasedSymbol(symbol);
    }
    return (symbol?.declarations ?? []).flatMap((declaration) => {
      if (ts.isClassDeclaration(declaration)) return partsOf(declaration, name);
      const runs =
        ts.isFunctionLike(declaration) ||
        ts.isVariableDeclaration(declaration) ||
        ts.isPropertyAssignment(declaration);
      return runs ? [declaration] : [];
    });
  }
}

/** Of a class that a parameter's pipe is: all; of one that is made: how. */
function partsOf(made: ts.ClassDeclaration, name: ts.Identifier): ts.Node[] {
  if (ts.findAncestor(name, ts.isDecorator)) return made.members.filter(ts.isMethodDeclaration);
  return ts.isNewExpression(name.parent) ? made.members.filter(ts.isConstructorDeclaration) : [];
}

function codeIn(node: ts.Node): string | undefined {
  if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return undefined;
  const [first] = node.arguments ?? [];
  if (!REFUSERS.has(node.expression.getText())) return undefined;
  return first && ts.isStringLiteral(first) ? first.text : undefined;
}
