/** The models need no page: what they use of `window` is its timers, which setup.cjs gives. */
module.exports = {
  rootDir: '..',
  roots: ['<rootDir>/test'],
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/setup.cjs'],
  transform: {
    '\\.ts$': ['<rootDir>/test/node_modules/ts-jest', { tsconfig: '<rootDir>/test/tsconfig.json' }]
  }
};
