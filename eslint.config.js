import tseslint from 'typescript-eslint'

/**
 * The layers, and what each may import (design: imports point one way). A directory that is not in a layer's list is an
 * error in that layer. `main.ts` and the commands beside it may import everything.
 */
const layers = {
  'src/base': [],
  'src/config': ['base'],
  'src/sip': ['base'],
  'src/sdp': ['base'],
  'src/media': ['base'],
  'src/b2bua': ['base', 'config', 'sip', 'sdp', 'media'],
  'src/trenscrypter': ['base', 'config', 'sip', 'b2bua'],
  'src/sip-bridge': ['base', 'config', 'sip', 'b2bua'],
  'src/operation': ['base', 'config', 'sip', 'sdp', 'media', 'b2bua', 'trenscrypter'],
  'src/dashboard': ['base', 'config', 'operation'],
  'proxy-module': ['base', 'config', 'sip', 'operation'],
}
const all = [...Object.keys(layers).map((path) => path.replace('src/', '')), 'command', 'main']

const layerRules = Object.entries(layers).map(([path, allowed]) => {
  const own = path.replace('src/', '')
  const forbidden = all.filter((layer) => layer !== own && !allowed.includes(layer))
  return {
    files: [`${path}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              // only paths that leave the own directory (../): a subdirectory may share a layer's name
              regex: `^(\\.\\./)+(src/)?(${forbidden.join('|')})(/|\\.ts$)`,
              message: `${path} may import ${allowed.length > 0 ? allowed.join(', ') : 'no other layer'} only.`,
            },
          ],
        },
      ],
    },
  }
})

export default tseslint.config(
  { ignores: ['dist/', 'out/', 'coverage/', 'node_modules/', 'eslint.config.js'] },
  ...tseslint.configs.strictTypeChecked,
  { languageOptions: { parserOptions: { project: ['./tsconfig.json', './test/e2e/page/tsconfig.json'] } } },
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off', // noUncheckedIndexedAccess makes them honest in byte code
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of literals: only erasable syntax runs.' },
      ],
      'no-empty': ['error', { allowEmptyCatch: false }],
      eqeqeq: 'error',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's test() returns a promise that the runner awaits itself
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite'] },
          ],
        },
      ],
    },
  },
  ...layerRules,
)
