import { describe, expect, test } from 'vitest';
import { splitLines } from '../../app/tasks/quick-add/parse';

describe('lines of pasted text', () => {
  test.each([
    ['milk\neggs\nbread', ['milk', 'eggs', 'bread']],
    ['milk', ['milk']],
    ['', []],
    [' \n\n ', []],
    ['milk\r\neggs\rbread\u2028jam', ['milk', 'eggs', 'bread', 'jam']],
    ['- milk\n* eggs\n• bread', ['milk', 'eggs', 'bread']],
    ['1. milk\n2. eggs\n10. bread', ['milk', 'eggs', 'bread']],
    ['[ ] milk\n[x] eggs\n[] bread', ['milk', 'eggs', 'bread']],
    ['- [ ] milk\n  - [x] eggs\n\t* [X]  bread', ['milk', 'eggs', 'bread']],
    ['- \n-\n1.\n- [ ]\nmilk', ['milk']],
    ['-5 °C\n1.5 l milk\n--- \n[y] x\n#home', ['-5 °C', '1.5 l milk', '---', '[y] x', '#home']],
    ['- - milk', ['- milk']],
  ])('%j', (text, lines) => expect(splitLines(text)).toEqual(lines));
});
