/** Tests are compiled by tsc; jest runs the result untransformed (NODE_OPTIONS=--experimental-vm-modules). */
export default {
  roots: ['<rootDir>/dist-test', '<rootDir>/street/dist-test'],
  testMatch: ['**/*.test.js'],
  transform: {},
  testEnvironment: 'node',
  // Tests bound no time: this ends what hangs. Some try thousands of damaged files, on machines of any speed.
  testTimeout: 60_000,
};
