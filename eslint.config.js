import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {ignores: ['dist/', 'node_modules/', '.cache/', 'coverage/', 'eslint.config.js']},
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'src/server/pages/tsconfig.json', 'test/browser/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
      '@typescript-eslint/no-confusing-void-expression': ['error', {ignoreArrowShorthand: true}],
      'no-console': 'error',
    },
  },
  {
    // What pages show comes from clouds, guests and build logs: it becomes text nodes, and attributes that dom.ts knows.
    files: ['src/server/pages/**/*.ts'],
    rules: {
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-restricted-syntax': [
        'error',
        ...[
          'Identifier[name=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTML|setHTMLUnsafe|parseHTMLUnsafe|DOMParser|createContextualFragment|srcdoc|createHTML|trustedTypes)$/]',
          'Literal[value=/^(innerHTML|outerHTML|insertAdjacentHTML|setHTML|setHTMLUnsafe|srcdoc)$/]',
          "MemberExpression[object.name='document'][property.name=/^(write|writeln|open|execCommand|cookie|domain)$/]",
        ].map((selector) => ({selector, message: 'text from outside goes into text nodes: see el() in dom.ts'})),
        {
          selector: 'AssignmentExpression[left.property.name=/^on[a-z]+$/]',
          message: 'handlers are added with addEventListener',
        },
      ],
    },
  },
  {
    files: ['src/server/pages/**/*.ts'],
    ignores: ['src/server/pages/dom.ts', 'src/server/pages/path.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['setAttribute', 'setAttributeNS', 'toggleAttribute', 'createElementNS', 'createElement'].map(
          (property) => ({
            property,
            message: 'elements and attributes are made by el() in dom.ts',
          }),
        ),
        ...['href', 'src', 'formAction', 'style', 'cssText'].map((property) => ({
          property,
          message: 'addresses are made by path() in path.ts, looks by classes',
        })),
        ...['assign', 'replace'].map((property) => ({
          object: 'location',
          property,
          message: 'go() in path.ts does that',
        })),
        {object: 'window', property: 'open'},
      ],
    },
  },
);
