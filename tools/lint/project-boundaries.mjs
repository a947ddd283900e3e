// Which project may know which, by the tags of the project.json files.
import { createProjectGraphAsync } from 'nx/src/devkit-exports.js';

// The rule reads the graph of the projects from a cache, and without one it checks nothing.
process.env.NX_DAEMON = 'false';
await createProjectGraphAsync({ exitOnError: true });

const LIBS = ['contracts', 'domain', 'platform', 'persistence', 'lifecycle', 'testing'];
const tagged = (names) => names.map((name) => `type:${name}`);

const constraints = [
  { sourceTag: 'type:contracts', onlyDependOnLibsWithTags: [] },
  { sourceTag: 'type:domain', onlyDependOnLibsWithTags: tagged(['contracts']) },
  { sourceTag: 'type:platform', onlyDependOnLibsWithTags: [] },
  {
    sourceTag: 'type:persistence',
    onlyDependOnLibsWithTags: tagged(['domain', 'contracts', 'platform']),
  },
  {
    sourceTag: 'type:lifecycle',
    onlyDependOnLibsWithTags: tagged(['persistence', 'domain', 'contracts', 'platform']),
  },
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: tagged(LIBS) },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: tagged([
      'contracts',
      'domain',
      'platform',
      'persistence',
      'lifecycle',
    ]),
  },
  // The hot path reads facts and judges them; it changes nothing.
  { sourceTag: 'app:lease-validator', notDependOnLibsWithTags: tagged(['lifecycle']) },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: tagged(LIBS) },
];

// The tests of a lib take what `testing` makes of that lib; no module is loaded in a circle.
const ignoredCircularDependencies = LIBS.filter((name) => name !== 'testing').map((name) => [
  name,
  'testing',
]);

export const projectBoundaries = {
  ofCode: { allow: [], depConstraints: constraints, ignoredCircularDependencies },
  /** A test may set the scene with any lib. */
  ofTests: {
    allow: [],
    depConstraints: [{ sourceTag: '*', onlyDependOnLibsWithTags: tagged(LIBS) }],
    ignoredCircularDependencies,
  },
};
