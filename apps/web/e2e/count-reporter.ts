import type { FullConfig, Reporter, Suite } from '@playwright/test/reporter';

/** Ends the run with the same line as the tests before it. */
export default class CountReporter implements Reporter {
  private root: Suite | undefined;
  private errors = 0;

  onBegin(_: FullConfig, root: Suite) {
    this.root = root;
  }

  /** Something failed outside of any test. */
  onError() {
    this.errors += 1;
  }

  async onExit() {
    const outcomes = this.root?.allTests().map((test) => (test.results.length > 0 ? test.outcome() : 'skipped')) ?? [];
    const count = (...wanted: string[]) => outcomes.filter((outcome) => wanted.includes(outcome)).length;
    const skipped = count('skipped') > 0 ? `, ${count('skipped')} skipped` : '';
    console.log(`${count('expected')} passed, ${count('unexpected', 'flaky') + this.errors} failed${skipped}`);
  }

  printsToStdio() {
    return false;
  }
}
