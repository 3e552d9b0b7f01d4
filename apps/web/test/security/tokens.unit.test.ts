import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Operation, operations } from '@taskward/api-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  claimsOf,
  compact,
  ed25519,
  encode,
  expectRefused,
  hmac,
  inSeconds,
  openTokenForger,
  ownKeys,
  requestsOn,
  sha256,
  type TokenForger,
  unsigned,
} from '../attacker';
import { send, signUp, type TestUser, useApp } from '../harness';
import type { Call } from '../requests';

useApp();

const own = ownKeys();
let ada: TestUser;
let bob: TestUser;
let forger: TokenForger;
/** A request of Ada that is valid except for its token. */
let call: (operation: Operation) => Call;
/** Serves the attacker's keys under every path, and counts requests. */
let lure: Server;
let lureUrl: string;
let visits = 0;

beforeAll(async () => {
  [ada, bob] = [await signUp(), await signUp()];
  forger = await openTokenForger();
  call = await requestsOn(ada);
  lure = createServer((_, response) => {
    visits++;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ keys: [{ ...own.jwk, kid: 'own', alg: 'EdDSA' }] }));
  });
  await new Promise<void>((listening) => lure.listen(0, '127.0.0.1', listening));
  lureUrl = `http://127.0.0.1:${(lure.address() as AddressInfo).port}/jwks.json`;
});
afterAll(() => new Promise((closed) => lure.close(closed)));

const mine = (changes: object = {}) => claimsOf(ada.id, changes);
/** Signed with the real key, with these members of the JOSE header changed. */
const heading = (changes: object) => () => forger.token(mine(), { ...forger.header, ...changes });
/** Signed with the attacker's key, under the real `kid` unless changed. */
const byOwnKey = (changes: () => object) => () => compact({ ...forger.header, ...changes() }, mine(), ed25519(own.ed));
/** The real token with its signature rewritten. */
const resigned = (change: (signature: Buffer) => Uint8Array) => () => {
  const [header, payload, signature = ''] = ada.token.split('.');
  return `${header}.${payload}.${encode(change(Buffer.from(signature, 'base64url')))}`;
};
const flipped = (at: number) => resigned((bytes) => bytes.fill((bytes[at] ?? 0) ^ 1, at, at + 1));
/** The same point of the curve, written as S plus the order of the group (RFC 8032, 8.4). */
const plusOrder = resigned((bytes) => {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(bytes.subarray(32)).reverse().toString('hex')}`) + order;
  return Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex').reverse()]);
});
/** A good token whose signature has characters in which base64url and base64 differ. */
const withDashes = () => {
  for (let jti = 0; ; jti++) {
    const token = forger.token(mine({ jti: String(jti) }));
    if (/[-_]/.test(token.split('.')[2] ?? '')) return token;
  }
};
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const lastCharacter = (bits: number) => () =>
  ada.token.slice(0, -1) + ALPHABET[ALPHABET.indexOf(ada.token.slice(-1)) + bits];
/** The real key over parts that are already encoded. */
const signedAsIs = (header: string, payload: string) => {
  const input = `${header}.${payload}`;
  return `${input}.${encode(forger.signer(input))}`;
};
const padded = (part: object) => Buffer.from(`${JSON.stringify(part)} `.padEnd(400)).toString('base64');

type Table = Record<string, () => string>;
const each = <T>(values: Record<string, T>, row: (value: T) => () => string, name: (key: string) => string): Table =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [name(key), row(value)]));

const publicKeyAs: Record<string, () => string | Uint8Array> = {
  'JWK JSON': () => forger.publicJwk,
  'JWK JSON with kid': () =>
    JSON.stringify({ alg: 'EdDSA', crv: 'Ed25519', ...JSON.parse(forger.publicJwk), kid: forger.header.kid }),
  'the raw bytes of x': () => Buffer.from(JSON.parse(forger.publicJwk).x, 'base64url'),
  'x as base64url': () => JSON.parse(forger.publicJwk).x,
  PEM: () => forger.publicKey.export({ type: 'spki', format: 'pem' }),
  'PEM without its last line end': () => forger.publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
  DER: () => forger.publicKey.export({ type: 'spki', format: 'der' }),
  nothing: () => '',
};
const withHmac = (alg: string) =>
  each(
    publicKeyAs,
    (key) => () => compact({ ...forger.header, alg }, mine(), hmac(alg, key())),
    (as) => `${alg} keyed with the public key as ${as}`,
  );

const withNone: Table = {};
for (const alg of ['none', 'None', 'NONE', 'nOnE', '']) {
  withNone[`alg "${alg}", unsigned`] = () => compact({ ...forger.header, alg }, mine(), unsigned);
  withNone[`alg "${alg}", with the signature of the real token`] = () =>
    compact({ ...forger.header, alg }, mine(), unsigned) + ada.token.split('.')[2];
}

const kids: Record<string, unknown> = {
  unknown: 'unknown',
  missing: undefined,
  empty: '',
  'a number': 1,
  null: null,
  'an array': ['own'],
  'an object': {},
  'a path': '../../../../dev/null',
  SQL: "x' union select * from jwks --",
  'a URL': 'http://127.0.0.1:9/key',
  __proto__: '__proto__',
  'with NUL': 'a\0b',
};
/** Each offers the attacker's key, which would verify the token if the server used it. */
const offered: Record<string, () => object> = {
  jwk: () => ({ jwk: own.jwk }),
  jku: () => ({ jku: lureUrl }),
  x5u: () => ({ x5u: lureUrl }),
  x5c: () => ({ x5c: [own.certificate] }),
};

const invalid: Table = {
  garbage: () => 'garbage',
  'garbage in three parts': () => 'a.b.c',
  'empty parts': () => '..',
  'the session token': () => decodeURIComponent(ada.cookie.split('=')[1] ?? '').split('.')[0] ?? '',
  'the session cookie': () => ada.cookie.slice(ada.cookie.indexOf('=') + 1),
  'cut by a character': () => ada.token.slice(0, -1),
  'cut in the middle': () => ada.token.slice(0, ada.token.length / 2),
  'without signature': () => ada.token.slice(0, ada.token.lastIndexOf('.')),
  'with an empty signature': () => ada.token.slice(0, ada.token.lastIndexOf('.') + 1),
  'with a fourth part': () => `${ada.token}.e30`,
  'with a character more': () => `${ada.token}A`,
  'with a comma after it': () => `${ada.token},`,
  'with a letter that is not ASCII': () => `${ada.token}é`,
  'first bit of the signature flipped': flipped(0),
  'a bit in the middle of the signature flipped': flipped(32),
  'last bit of the signature flipped': flipped(63),
  'signature of zeros': resigned((bytes) => bytes.fill(0)),
  'signature with S plus the order of the group': plusOrder,
  "somebody else's payload": () => ada.token.replace(/\..+\./, `.${bob.token.split('.')[1]}.`),
  'a payload that lives longer': () =>
    ada.token.replace(/\..+\./, `.${encode(JSON.stringify(mine({ exp: inSeconds(1e6) })))}.`),
  ...withNone,
  ...withHmac('HS256'),
  ...withHmac('HS512'),
  'HS256 keyed with the secret of the server, as links in mails are signed': () =>
    compact({ ...forger.header, alg: 'HS256' }, mine(), hmac('HS256', process.env.BETTER_AUTH_SECRET ?? '')),
  'ES256 with a signature of zeros': () =>
    compact({ ...forger.header, alg: 'ES256' }, mine(), () => new Uint8Array(64)),
  'RS256 by an own key': () => compact({ ...forger.header, alg: 'RS256' }, mine(), sha256(own.rsa)),
  'ES256 by an own key': () => compact({ ...forger.header, alg: 'ES256' }, mine(), sha256(own.ec)),
  'alg in lower case, by the real key': heading({ alg: 'eddsa' }),
  'alg ES256, by the real key': heading({ alg: 'ES256' }),
  'alg missing, by the real key': heading({ alg: undefined }),
  'alg an array, by the real key': heading({ alg: ['EdDSA'] }),
  'alg twice, last none': () => compact(`{"alg":"EdDSA","kid":"${forger.header.kid}","alg":"none"}`, mine(), unsigned),
  'alg twice, first none': () => compact(`{"alg":"none","kid":"${forger.header.kid}","alg":"EdDSA"}`, mine(), unsigned),
  'an own key under the real kid': byOwnKey(() => ({})),
  ...each(
    kids,
    (kid) => byOwnKey(() => ({ kid })),
    (kind) => `an own key, kid ${kind}`,
  ),
  ...each(
    kids,
    (kid) => heading({ kid }),
    (kind) => `the real key, kid ${kind}`,
  ),
  ...each(
    offered,
    (how) => byOwnKey(how),
    (name) => `an own key in ${name}, under the known kid`,
  ),
  ...each(
    offered,
    (how) => byOwnKey(() => ({ ...how(), kid: 'own' })),
    (name) => `an own key in ${name}`,
  ),
  'crit with an unknown extension': heading({ crit: ['x'], x: 1 }),
  'crit empty': heading({ crit: [] }),
  'crit not an array': heading({ crit: 'exp', exp: 1 }),
  'payload not encoded (b64 false)': heading({ b64: false, crit: ['b64'] }),
  'the shape of a JWE': () => `${ada.token}.e30.e30`,
  'a JWS as JSON': () => {
    const [header, payload, signature] = ada.token.split('.');
    return JSON.stringify({ payload, protected: header, signature });
  },
  'signature padded': () => `${ada.token}==`,
  'signature in the alphabet of base64': () => {
    const token = withDashes();
    const at = token.lastIndexOf('.');
    return token.slice(0, at) + token.slice(at).replaceAll('-', '+').replaceAll('_', '/');
  },
  'header padded, by the real key': () =>
    signedAsIs(
      Buffer.from(`${JSON.stringify(forger.header)}`.padEnd(100)).toString('base64'),
      encode(JSON.stringify(mine())),
    ),
  'payload padded, by the real key': () => signedAsIs(encode(JSON.stringify(forger.header)), padded(mine())),
  'a stray bit in the last character of the signature': lastCharacter(1),
  'all stray bits in the last character of the signature': lastCharacter(15),
  'a space inside': () => ada.token.replace('.', '. '),
  'a tab inside': () => ada.token.replace('.', '.\t'),
  'a second token after a space': () => `${ada.token} ${ada.token}`,
  'a second header': () => `${ada.token}, Bearer ${ada.token}`,
};

/** Headers that contain no bearer token. */
const headersWithoutToken: Record<string, () => HeadersInit> = {
  'no header': () => ({}),
  'an empty header': () => ({ Authorization: '' }),
  'Basic credentials': () => ({ Authorization: 'Basic dXNlcjpwYXNzd29yZA==' }),
  'the token as Basic credentials': () => ({ Authorization: `Basic ${ada.token}` }),
  'the word Bearer alone': () => ({ Authorization: 'Bearer' }),
  'the word Bearer and spaces': () => ({ Authorization: 'Bearer   ' }),
  'the token without a scheme': () => ({ Authorization: ada.token }),
  'the token under the scheme Token': () => ({ Authorization: `Token ${ada.token}` }),
  'the token under the scheme DPoP': () => ({ Authorization: `DPoP ${ada.token}` }),
  'the token under a scheme that starts with Bearer': () => ({ Authorization: `Bearers ${ada.token}` }),
  'another scheme first': () => ({ Authorization: `Basic eDp5, Bearer ${ada.token}` }),
  'the session cookie': () => ({ Cookie: ada.cookie }),
  'the token in a cookie': () => ({ Cookie: `token=${ada.token}; access_token=${ada.token}` }),
  'the token in other headers': () => ({ 'X-Authorization': `Bearer ${ada.token}`, 'X-Access-Token': ada.token }),
};

for (const operation of operations) {
  describe(operation.id, () => {
    test.each(Object.keys(headersWithoutToken))(
      `${operation.id} returns 401 and asks for a token when the request has %s`,
      async (name) => {
        await expectRefused(call(operation), headersWithoutToken[name]?.() ?? {}, 'none');
      },
    );

    test(`${operation.id} accepts no token from the query`, async () => {
      const { path, ...rest } = call(operation);
      await expectRefused({ ...rest, path: `${path}?access_token=${ada.token}` }, {}, 'none');
    });

    if (operation.method === 'GET') {
      test(`HEAD of ${operation.id} asks for a token`, async () => {
        await expectRefused({ ...call(operation), method: 'HEAD' }, {}, 'none');
      });
    }

    test.each(Object.keys(invalid))(`${operation.id} refuses an invalid token: %s`, async (name) => {
      await expectRefused(call(operation), { Authorization: `Bearer ${invalid[name]?.()}` }, 'invalid');
    });

    test(`${operation.id} refuses an invalid token even with a valid session cookie`, async () => {
      await expectRefused(call(operation), { Authorization: 'Bearer a.b.c', Cookie: ada.cookie }, 'invalid');
    });

    test(`${operation.id} accepts a token of the test's own making when it is valid`, async () => {
      const { method, path, body } = (await requestsOn(ada))(operation);
      const response = await send(method, path, { token: forger.token(mine()), body });
      expect(Object.keys(operation.success)).toContain(String(response.status));
    });
  });
}

test('no token makes the server fetch a key from elsewhere', async () => {
  for (const header of Object.values(offered)) {
    const token = forger.token(mine(), { ...forger.header, ...header() });
    await send('GET', ada.tasks, { token });
  }
  expect(visits).toBe(0);
  await fetch(lureUrl);
  expect(visits).toBe(1);
});
