/**
 * Prints `N passed, N failed, N skipped` from vitest's JSON report: `node local/count-tests.mjs <report>`. A file that failed before its
 * first test counts as one failure. Exit code 1 when something failed or no test ran.
 */
import { readFileSync } from 'node:fs';

const report = readReport(process.argv[2]);
const tests = report.testResults.flatMap((file) => file.assertionResults);
const count = (...statuses) => tests.filter((test) => statuses.includes(test.status)).length;
const brokenFiles = report.testResults.filter(
  (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
).length;
const passed = count('passed');
const failed = count('failed') + brokenFiles;
process.stdout.write(`${passed} passed, ${failed} failed, ${count('skipped', 'pending', 'todo')} skipped\n`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;

/** No report at all: the runner itself did not come to its end, which is one failure. */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return { testResults: [{ status: 'failed', assertionResults: [] }] };
  }
}
