import { test as base, expect } from './fixtures';
import { type Server, startServer } from './server';
import { checkboxOf, openTasks, searchOf, seed, summaryOf, titlesOf } from './task-page';

/** On a server that allows one user as many requests as it takes to create the tasks. */
const test = base.extend<object, { server: Server }>({
  server: [
    async ({ engine }, use) => {
      const server = await startServer(engine, { API_RATE_LIMIT: '0' });
      await use(server);
      await server.dispose();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

test('5,000 tasks are listed as the user scrolls, ticked at once, and found', async ({ newUser }) => {
  test.slow();
  const ada = await newUser();
  const haystack = Array.from({ length: 5_000 }, (_, i) => ({ title: `Straw ${i}` }));
  await seed(ada, [...haystack, { title: 'A needle' }]);
  const page = await openTasks(ada, '?sort=title');
  await expect(summaryOf(page)).toHaveText('5,001 open tasks', { timeout: 20_000 });
  await expect(titlesOf(page).first()).toHaveText('A needle');
  for (const count of [200, 300, 400]) {
    await expect(async () => {
      await page.mouse.wheel(0, 1_000_000);
      expect(await titlesOf(page).count()).toBeGreaterThanOrEqual(count);
    }).toPass({ timeout: 10_000 });
  }
  const shown = await titlesOf(page).allTextContents();
  expect(shown.slice(0, 400)).toEqual(['A needle', ...haystack.slice(0, 399).map(({ title }) => title)]);

  const frames = await page.evaluate(async () => {
    const row = document.querySelector('#tasks [data-row]');
    row?.querySelector('input')?.click();
    for (let frames = 0; frames < 100; frames++) {
      if (!row?.isConnected) return frames;
      await new Promise(requestAnimationFrame);
    }
    return Number.POSITIVE_INFINITY;
  });
  expect(frames).toBeLessThanOrEqual(1);
  await expect(summaryOf(page)).toHaveText('5,000 open tasks');
  await searchOf(page).fill('needle');
  await expect(checkboxOf(page, 'A needle')).toBeChecked();
  await searchOf(page).fill('straw 4999');
  await expect(titlesOf(page)).toHaveText(['Straw 4999']);
  await page.reload();
  await expect(titlesOf(page)).toHaveText(['Straw 4999']);
});
