import type { Reporter, TestModule } from 'vitest/node';

/** Prints `N passed, N failed` alone on the last line, for scripts. A file that could not run counts as failed. */
export default class SummaryReporter implements Reporter {
  #line = '';

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    let [passed, failed] = [0, errors.length];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      passed += tests.filter((test) => test.result().state === 'passed').length;
      const failedTests = tests.filter((test) => test.result().state === 'failed').length;
      failed += failedTests === 0 && !module.ok() ? 1 : failedTests;
    }
    this.#line = `${passed} passed, ${failed} failed`;
    process.once('exit', () => {
      process.stdout.write(`${this.#line}\n`); // behind whatever the other reporters print
    });
  }
}
