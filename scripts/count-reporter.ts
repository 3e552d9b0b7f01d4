import type { Reporter, TestModule } from 'vitest/node';

/** Ends the run with one line that any machine can read. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]) {
    const states = modules.flatMap((module) => [...module.children.allTests()].map((test) => test.result().state));
    const count = (state: string) => states.filter((one) => one === state).length;
    const broken = modules.filter((module) => module.state() === 'failed' && module.children.size === 0).length;
    console.log(`${count('passed')} passed, ${count('failed') + broken + errors.length} failed`);
  }
}
