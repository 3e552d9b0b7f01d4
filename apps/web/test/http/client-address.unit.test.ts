import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import {
  CLIENT_ADDRESS,
  clientAddress,
  rateLimitSubnet,
  recordRemoteAddresses,
  type TrustedProxies,
} from '../../server/http/client-address';

const address = (trusted: TrustedProxies, headers: Record<string, string>) =>
  clientAddress(new Headers(headers), trusted);
const connection = { [CLIENT_ADDRESS]: '192.0.2.1' };
const forwarded = (all: string) => ({ ...connection, 'X-Forwarded-For': all, 'X-Real-IP': '203.0.113.9' });

test.each<[what: string, trusted: TrustedProxies, headers: Record<string, string>, expected: string]>([
  ['no proxy: the connection', 0, forwarded('198.51.100.1'), '192.0.2.1'],
  ['one proxy: what it appended', 1, forwarded('6.6.6.6, 198.51.100.1'), '198.51.100.1'],
  ['two proxies', 2, forwarded('6.6.6.6, 198.51.100.1, 10.0.0.2'), '198.51.100.1'],
  ['more proxies than addresses: the first there is', 3, forwarded('198.51.100.1'), '198.51.100.1'],
  ['a proxy that appended nothing: the connection', 1, connection, '192.0.2.1'],
  ['Vercel: the field it sets', 'vercel', forwarded('6.6.6.6'), '203.0.113.9'],
  ['IPv4 in IPv6', 0, { [CLIENT_ADDRESS]: '::ffff:192.0.2.1' }, '192.0.2.1'],
  ['IPv4 in IPv6, in hexadecimal', 0, { [CLIENT_ADDRESS]: '::ffff:c000:201' }, '192.0.2.1'],
  ['a zone', 0, { [CLIENT_ADDRESS]: 'fe80::1%eth0' }, 'fe80::1'],
  ['IPv4 with a port', 1, forwarded('198.51.100.1:4711'), '198.51.100.1'],
  ['IPv6 with a port', 1, forwarded('[2001:DB8:0::1]:4711'), '2001:db8::1'],
  ['IPv6 in brackets', 1, forwarded('[2001:db8::1]'), '2001:db8::1'],
  ['IPv6 with a port, quoted', 1, forwarded('"[2001:db8::1]:4711"'), '2001:db8::1'],
  ['IPv6 written in full', 1, forwarded('2001:0db8:0000:0000:0000:0000:0000:0001'), '2001:db8::1'],
  ['IPv4 in IPv6 with a port', 1, forwarded('[::ffff:198.51.100.1]:80'), '198.51.100.1'],
  ['Vercel: an address with a port', 'vercel', { 'X-Real-IP': '203.0.113.9:80' }, '203.0.113.9'],
  ['no address: the connection', 1, forwarded('unknown'), '192.0.2.1'],
  ['an empty entry: the connection', 1, forwarded('6.6.6.6, '), '192.0.2.1'],
  ['a number: the connection', 1, forwarded('1'), '192.0.2.1'],
  ['a number of another base: the connection', 1, forwarded('0x7f.1'), '192.0.2.1'],
  ['a text of 10,000 characters: the connection', 1, forwarded('['.repeat(10_000)), '192.0.2.1'],
  ['nothing at all', 1, {}, ''],
])('the client address is read from the right header: %s', (_, trusted, headers, expected) => {
  expect(address(trusted, headers)).toBe(expected);
});

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8::1', '2001:db8::/64'],
  ['::1', '::/64'],
  ['192.0.2.1', '192.0.2.1'],
  ['', ''],
])('the rate limit subnet of %j is %j', (address, network) => {
  expect(rateLimitSubnet(address)).toBe(network);
});

test('the address of the connection overrides the one that the client sent', async () => {
  recordRemoteAddresses();
  const server = createServer((request, response) => response.end(String(request.headers[CLIENT_ADDRESS])));
  afterAll(() => {
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const seen = await new Promise<string>((resolve, reject) => {
    const headers = { [CLIENT_ADDRESS]: '6.6.6.6' };
    get({ port, host: '127.0.0.1', headers, agent: false }, (incoming) => {
      incoming.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
  expect(seen).toBe('127.0.0.1');
});
