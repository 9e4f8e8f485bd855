import {appendFileSync, readFileSync} from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  /** The agent's tests tell no names. */
  readonly testResults?: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {readonly fullName: string; readonly status: string}[];
  }[];
}

/**
 * `count.ts NAMES REPORT…` prints `PASSED FAILED` over vitest's JSON reports; where a file failed without a failed test, that is one. The
 * names of what failed are appended to the file NAMES.
 */
const [names = '', ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const path of reports) {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Report;
  passed += report.numPassedTests;
  failed += report.numFailedTests > 0 ? report.numFailedTests : Number(report.numFailedTestSuites > 0);
  for (const {name, status, assertionResults} of report.testResults ?? []) {
    const tests = assertionResults
      .filter((test) => test.status === 'failed')
      .map(({fullName}) => `${name}: ${fullName}\n`);
    if (status === 'failed') appendFileSync(names, tests.length > 0 ? tests.join('') : `${name}\n`);
  }
}
process.stdout.write(`${passed} ${failed}\n`);
