import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const SRC = 'ros2_ws/src/attendseg_node/src';

/**
 * The rooms and the doors that stay shut: which files they are, what these may not import, and why.
 * Arrows point one way: demo -> street and the product; in the product: node, commands -> recording, inference -> vision.
 * rclnodejs has one door in the product, node/ros.ts, and one in the demo, graph.ts.
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
    except: [`${SRC}/node/ros.ts`],
    rooms: ['commands', 'street', 'demo'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  'node/ros.ts': {
    files: [`${SRC}/node/ros.ts`],
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
      'no-restricted-imports': ['error', { patterns: [{ regex: forbidden, message }] }],
      'no-restricted-syntax': [
        'error',
        { selector: `ImportExpression[source.value=/${forbidden.replaceAll('/', '\\u002F')}/]`, message },
        {
          selector: 'ImportExpression:not([source.type="Literal"])',
          message: 'import() needs a literal, so that the rule between rooms can see it',
        },
        { selector: `CallExpression[callee.name="require"]`, message: 'ESM only' },
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
