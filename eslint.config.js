import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

/**
 * The rooms of src/ and the doors that stay shut: what a room may not import, and why.
 * Arrows point one way: node, commands -> recording, inference, street -> vision.
 */
const ROOMS = {
  vision: {
    rooms: ['inference', 'recording', 'street', 'node', 'commands'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  inference: { rooms: ['recording', 'street', 'node', 'commands'], packages: ['rclnodejs'] },
  recording: {
    rooms: ['inference', 'street', 'node', 'commands'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  street: {
    rooms: ['inference', 'recording', 'node', 'commands'],
    packages: ['rclnodejs', 'onnxruntime-node'],
  },
  node: { rooms: ['commands'], packages: ['onnxruntime-node'] },
  commands: { rooms: [], packages: ['rclnodejs', 'onnxruntime-node'] },
};

const SRC = 'ros2_ws/src/attendseg_node/src';

/** Static imports, re-exports and import() alike; an import() of a computed name could pass any door, so it is refused. */
function doors(room, { rooms, packages }) {
  const message = `${room}/ may not import this: see the arrows in docs/design.md`;
  const forbidden = [
    ...rooms.map((other) => `(?:^|/|#)${other}/`),
    ...packages.map((name) => `^${name}(?:/|$)`),
  ].join('|');
  return {
    files: [`${SRC}/${room}/**/*.ts`],
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
      'dist-test/**',
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
        project: ['ros2_ws/src/attendseg_node/tsconfig.json', 'test/tsconfig.json'],
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
