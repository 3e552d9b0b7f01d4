import { expect, test } from 'vitest';
import { formatAddress } from '../../app/(account)/account/address';

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['192.168.1.20', '192.168.1.20'],
  ['::ffff:203.0.113.7', '203.0.113.7'],
  ['2001:0db8:0001:0002:0000:0000:0000:0000', '2001:db8:1:2::/64'],
  ['2001:0db8:0000:0000:0000:0000:0000:0000', '2001:db8::/64'],
  ['2001:0db8:0000:0002:0000:0000:0000:0000', '2001:db8:0:2::/64'],
  ['2001:db8:1:2:3::', '2001:db8:1:2:3::'],
  ['2001:0DB8:0001:0002:0003:0004:0005:0006', '2001:db8:1:2:3:4:5:6'],
])('the address %s is shown as %s', (address, shown) => {
  expect(formatAddress(address)).toBe(shown);
});

test.each([
  '0000:0000:0000:0000:0000:0000:0000:0000',
  '::',
  '::1',
  '127.0.0.1',
  '::ffff:127.0.0.1',
  '0.0.0.0',
  'fe80:0000:0000:0000:0000:0000:0000:0000',
  'not:an:address',
  '',
  null,
  undefined,
])('the address %s is not shown', (address) => {
  expect(formatAddress(address)).toBeUndefined();
});
