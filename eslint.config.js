import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const SRC = 'ros2_ws/src/attendseg_node/src';

/**
 * The rooms and the doors that stay shut: which files they are, what these may not import, and why.
 * Arrows point one way: demo -> street and the product; in the product: node, commands -> recording, inference -> vision.
 * rclnodejs has one door in the product, node/ros.ts with rclNode.ts behind it, and one in the demo, graph.ts.
 */
const ROOMS = {
  vision: {
    rooms: ['inference', 'recording', 'node', 'commands', 'street', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  inference: { rooms: ['recording', 'node', 'commands', 'street', 'demo'], packages: ['rclnodejs'] },
  recording: {
    rooms: ['inference', 'node', 'commands', 'street', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  node: {
    except: [`${SRC}/node/ros.ts`, `${SRC}/node/rclNode.ts`],
    rooms: ['commands', 'street', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  'node/ros.ts': {
    files: [`${SRC}/node/ros.ts`, `${SRC}/node/rclNode.ts`],
    rooms: ['commands', 'street', 'demo'],
    packages: ['onnxruntime-node'],
  },
  commands: { rooms: ['street', 'demo'], packages: ['rclnodejs', 'onnxruntime-node'] },
  program: {
    files: [`${SRC}/*.ts`],
    rooms: ['street', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  street: {
    files: ['street/**/*.ts'],
    rooms: ['vision', 'inference', 'recording', 'node', 'commands', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  demo: {
    files: ['demo/**/*.ts'],
    except: ['demo/src/graph.ts'],
    rooms: [],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  'demo/src/graph.ts': { files: ['demo/src/graph.ts'], rooms: [], packages: ['onnxruntime-node'] },
};

/** What no room may do, whatever it may import: see SECURITY.md. */
const NETWORK = '^(?:node:)?(?:net|tls|dgram|https?|http2|inspector|cluster)(?:/|$)';
const CHILDREN = '^(?:node:)?child_process$';
const NO_NETWORK = 'the program listens to DDS alone, and to no socket of its own: see SECURITY.md';
const NO_SHELL = 'no shell: spawn a program with a list of arguments: see SECURITY.md';
const EVERYWHERE = {
  imports: ['node:child_process', 'child_process'].map((name) => ({
    name,
    importNames: ['exec', 'execSync', 'default'],
    message: NO_SHELL,
  })),
  syntax: [
    { selector: 'Property[key.name="shell"]', message: NO_SHELL },
    { selector: 'Property[key.value="shell"]', message: NO_SHELL },
    {
      selector: 'CallExpression[callee.name=/^(?:spawn|execFile)/][arguments.0.value=/(?:^|\\u002F)\\w*sh$/]',
      message: NO_SHELL,
    },
    { selector: `ImportExpression[source.value=/${CHILDREN}/]`, message: NO_SHELL },
    { selector: 'ExportAllDeclaration[source.value=/child_process$/]', message: NO_SHELL },
    { selector: `ImportExpression[source.value=/${slashes(NETWORK)}/]`, message: NO_NETWORK },
    { selector: 'MemberExpression[property.name="getBuiltinModule"]', message: NO_NETWORK },
  ],
};

/** A selector ends a pattern at its first slash. */
function slashes(pattern) {
  return pattern.replaceAll('/', '\\u002F');
}

/** Static imports, re-exports and import() alike; an import() of a computed name could pass any door, so it is refused. */
function doors(room, { files = [`${SRC}/${room}/**/*.ts`], except = [], rooms, packages }) {
  const message = `${room} may not import this: see the arrows in docs/design.md`;
  const forbidden = [
    ...rooms.map((other) => `(?:^|/|#)${other}/`),
    ...packages.map((name) => `^${name}(?:/|$)`),
  ].join('|');
  return {
    files,
    ignores: except,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: EVERYWHERE.imports,
          patterns: [
            { regex: forbidden, message },
            { regex: NETWORK, message: NO_NETWORK },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: `ImportExpression[source.value=/${slashes(forbidden)}/]`, message },
        {
          selector: 'ImportExpression:not([source.type="Literal"])',
          message: 'import() needs a literal, so that the rule between rooms can see it',
        },
        { selector: `CallExpression[callee.name="require"]`, message: 'ESM only' },
        ...EVERYWHERE.syntax,
      ],
    },
  };
}

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/dist-test/**',
      '**/node_modules/**',
      '.ros/**',
      'out/**',
      'ros2_ws/{build,install,log}/**',
      `${SRC}/vision/assembly/**`,
      'training/**',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: [
          'ros2_ws/src/attendseg_node/tsconfig.json',
          'street/tsconfig.json',
          'street/test/tsconfig.json',
          'demo/tsconfig.json',
          'test/tsconfig.json',
        ],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  { files: ['**/*.{js,mjs}'], languageOptions: { globals: globals.node } },
  ...Object.entries(ROOMS).map(([room, closed]) => doors(room, closed)),
);
