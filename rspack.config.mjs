// Bundles one app or tool with the libs it uses into dist/<project>/main.js; packages of node_modules stay outside,
// so that instrumentation sees them and a production install is what runs.
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { rspack } from '@rspack/core';

const root = path.dirname(fileURLToPath(import.meta.url));
const { dependencies, devDependencies } = JSON.parse(
  readFileSync(path.join(root, 'package.json'), 'utf8'),
);
const packages = [...Object.keys(dependencies), ...Object.keys(devDependencies)];
const isPackage = (request) =>
  request.startsWith('node:') ||
  packages.some((name) => request === name || request.startsWith(`${name}/`));
const libs = readdirSync(path.join(root, 'libs'));

/** Threads and processes, each a file of its own beside the bundle that starts them. */
const beside = {
  'apps/inventory-api': { 'verify-file': './libs/lifecycle/src/verify-file.ts' },
  'tools/bench': {
    caller: './tools/bench/src/validate/caller.ts',
    echo: './tools/bench/src/validate/echo.ts',
  },
};

/** `--env project=apps/inventory-api` */
export default ({ project }) => ({
  mode: 'production',
  target: 'node24',
  context: root,
  entry: { main: `./${project}/src/main.ts`, ...beside[project] },
  output: {
    path: path.join(root, 'dist', project),
    filename: '[name].js',
    library: { type: 'commonjs2' },
    // From the bundle's folder: a bundle that a cache keeps names no checkout.
    devtoolModuleFilenameTemplate: '../../../[resource-path]',
    clean: true,
  },
  devtool: 'source-map',
  optimization: { minimize: false, concatenateModules: false },
  node: { __dirname: false, __filename: false },
  resolve: {
    extensions: ['.ts', '.js'],
    extensionAlias: { '.js': ['.ts', '.js'] },
    alias: Object.fromEntries(
      libs.map((lib) => [`@numbering/${lib}$`, path.join(root, `libs/${lib}/src/index.ts`)]),
    ),
  },
  externalsPresets: { node: true },
  externals: [
    ({ request }, done) => (isPackage(request) ? done(undefined, `commonjs ${request}`) : done()),
  ],
  module: {
    rules: [
      {
        test: /\.ts$/,
        loader: 'builtin:swc-loader',
        options: {
          jsc: {
            parser: { syntax: 'typescript', decorators: true },
            transform: {
              legacyDecorator: true,
              decoratorMetadata: true,
              useDefineForClassFields: false,
            },
            keepClassNames: true,
            target: 'es2023',
          },
        },
        type: 'javascript/auto',
      },
    ],
  },
  plugins: [
    new rspack.CopyRspackPlugin({
      patterns: [{ from: 'libs/contracts/proto', to: 'proto', noErrorOnMissing: true }],
    }),
  ],
  stats: 'errors-warnings',
});
