import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that any machine can read. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const failedOutsideTests = modules.filter((module) => module.errors().length > 0 || hasFailedSuite(module));
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((one) => one === state).length;
    const failed = count('failed') + failedOutsideTests.length + errors.length;
    const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
    console.log(`${count('passed')} passed, ${failed} failed${skipped}`);
  }
}

/** A hook that fails leaves its tests skipped. */
function hasFailedSuite(module: TestModule): boolean {
  return [...module.children.allSuites()].some((suite) => suite.errors().length > 0);
}
