import { expect, test } from 'vitest';
import type { Driver } from './driver';
import { useFreshDatabase } from './testing';
import { foldText } from './text';

/** Case folding as PostgreSQL 18 does it, from tables of its own. */

let driver: Driver;

useFreshDatabase((opened) => {
  ({ driver } = opened);
});

const withoutMarks = (text: string) =>
  text.normalize('NFD').replace(/([\p{Script=Latin}\p{Script=Greek}])\p{M}+/gu, '$1');

test('characters have the same folded form exactly where Unicode’s full case folding says so', async (context) => {
  const [server] = await driver.queryAsOwner(`select current_setting('server_version_num')::int as version`);
  // `casefold` is new in 18. The planes after the second have no letters with case.
  if (Number(server?.version) < 180_000) return context.skip();
  const rows = await driver.queryAsOwner(`
    select chr(code) as character, casefold(chr(code) collate "pg_unicode_fast") as folded
    from generate_series(1, 131071) code where code not between 55296 and 57343 and unicode_assigned(chr(code))`);
  const forms = new Map<string, string>();
  const mismatches: unknown[] = [];
  for (const { character, folded } of rows as { character: string; folded: string }[]) {
    // The two may have different versions of Unicode.
    if (/\p{Cn}/u.test(character) || /[её\u0401\u0415]/i.test(character)) continue;
    if (foldText(character) !== foldText(folded)) mismatches.push({ character, folded });
    const standard = withoutMarks(folded);
    const form = forms.get(foldText(character)) ?? standard;
    if (form !== standard) mismatches.push({ character, folded, form });
    forms.set(foldText(character), standard);
  }
  expect(mismatches).toEqual([]);
  expect(forms.size).toBeGreaterThan(80_000);
});
