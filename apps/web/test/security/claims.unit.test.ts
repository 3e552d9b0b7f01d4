import { type Operation, operations } from '@taskward/api-core';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  claimsOf,
  compact,
  ed25519,
  expectRefused,
  inSeconds,
  openTokenForger,
  ownKeys,
  requestOn,
  requestsOn,
  type TokenForger,
} from '../attacker';
import { ORIGIN, send, signUp, type TestUser, useApp } from '../harness';
import type { Call } from '../requests';

/** Tokens signed with the real key of the deployment: only their claims decide. */

useApp();

let ada: TestUser;
let bob: TestUser;
let forger: TokenForger;
/** A request of Ada that is valid except for its token. */
let call: (operation: Operation) => Call;

beforeAll(async () => {
  [ada, bob] = [await signUp(), await signUp()];
  forger = await openTokenForger();
  call = await requestsOn(ada);
});

type Table = Record<string, () => string>;

const mine = (changes: object = {}) => claimsOf(ada.id, changes);
const claiming = (changes: () => object) => () => forger.token(mine(changes()));
/** With the text of the claims changed, where JSON.stringify would not write it. */
const writing = (pattern: RegExp, text: string) => () => forger.token(JSON.stringify(mine()).replace(pattern, text));
const withClaims = (all: Record<string, object>): Table =>
  Object.fromEntries(Object.entries(all).map(([name, changes]) => [name, claiming(() => changes)]));

const elsewhere = 'https://preview.example.com';

const invalid: Table = {
  ...withClaims({
    'exp missing': { exp: undefined },
    'exp null': { exp: null },
    'exp true': { exp: true },
    'iss missing': { iss: undefined },
    'iss of another': { iss: elsewhere },
    'iss with a slash more': { iss: `${ORIGIN}/` },
    'iss in upper case': { iss: ORIGIN.toUpperCase() },
    'iss an array': { iss: [ORIGIN] },
    'aud missing': { aud: undefined },
    'aud of another': { aud: elsewhere },
    'aud null': { aud: null },
    'aud an array of ours alone': { aud: [ORIGIN] },
    'aud an array without ours': { aud: [elsewhere] },
    'aud an array with another': { aud: [ORIGIN, elsewhere] },
    'aud an empty array': { aud: [] },
    'iss and aud of a second deployment that shares the key': { iss: elsewhere, aud: elsewhere },
    'sub missing': { sub: undefined },
    'sub empty': { sub: '' },
    'sub a number': { sub: 1 },
    'sub null': { sub: null },
    'sub true': { sub: true },
    'nbf a string': { nbf: '0' },
    'iat a string': { iat: '0' },
    'over 4 KiB': { pad: 'x'.repeat(4096) },
  }),
  'exp a string': claiming(() => ({ exp: String(inSeconds(900)) })),
  'exp NaN': writing(/"exp":\d+/, '"exp":NaN'),
  'exp beyond every number': writing(/"exp":\d+/, '"exp":1e999'),
  'nbf 40 s ahead': claiming(() => ({ nbf: inSeconds(40) })),
  'nbf beyond every number': writing(/\{/, '{"nbf":1e999,'),
  'iat 40 s ahead': claiming(() => ({ iat: inSeconds(40) })),
  'sub an array': claiming(() => ({ sub: [ada.id] })),
  'sub an object': claiming(() => ({ sub: { id: ada.id } })),
  'sub twice, the last empty': writing(/\}$/, ',"sub":""}'),
  'iss twice, the last of another': writing(/\}$/, ',"iss":"x"}'),
  'aud twice, the last of another': writing(/\}$/, ',"aud":"x"}'),
  'claims in an array': () => forger.token([mine()]),
  'claims that are no JSON': () => forger.token('claims'),
  'claims that are not UTF-8': () => forger.token(Buffer.from('{"a":"\xff"}', 'latin1')),
  'no claims at all': () => forger.token({}),
};

const expired: Table = {
  'expired by a second': claiming(() => ({ exp: inSeconds(-1) })),
  'expired a minute ago': claiming(() => ({ exp: inSeconds(-60) })),
  'exp zero': claiming(() => ({ exp: 0 })),
  'exp twice, the last in the past': writing(/\}$/, ',"exp":1}'),
};

const accepted: Table = {
  'with just the claims Better Auth writes': claiming(() => ({})),
  'issued by Better Auth': () => ada.token,
  'with iat 20 s ahead, within the skew': claiming(() => ({ iat: inSeconds(20) })),
  'with nbf 20 s ahead, within the skew': claiming(() => ({ nbf: inSeconds(20) })),
  'with nbf in the past': claiming(() => ({ nbf: inSeconds(-20) })),
  'in its last seconds': claiming(() => ({ iat: inSeconds(-895), exp: inSeconds(5) })),
  'with claims that mean nothing to us': claiming(() => ({ scope: 'x', role: 'admin', user_id: bob.id })),
  'that calls EdDSA by its name for this curve (RFC 9864)': () =>
    forger.token(mine(), { ...forger.header, alg: 'Ed25519' }),
  'with typ JWT': () => forger.token(mine(), { ...forger.header, typ: 'JWT' }),
  'with typ jwt': () => forger.token(mine(), { ...forger.header, typ: 'jwt' }),
};

for (const operation of operations) {
  describe(operation.id, () => {
    test.each(Object.keys(invalid))(
      `${operation.id} refuses a token with a valid signature and invalid claims: %s`,
      async (name) => {
        await expectRefused(call(operation), { Authorization: `Bearer ${invalid[name]?.()}` }, 'invalid');
      },
    );

    test.each(Object.keys(expired))(
      `${operation.id} refuses an expired token and says that it expired: %s`,
      async (name) => {
        await expectRefused(call(operation), { Authorization: `Bearer ${expired[name]?.()}` }, 'expired');
      },
    );

    test(`${operation.id} does not reveal whether a forged token has expired`, async () => {
      const forged = compact(forger.header, mine({ exp: 1 }), ed25519(ownKeys().ed));
      await expectRefused(call(operation), { Authorization: `Bearer ${forged}` }, 'invalid');
    });

    test.each(Object.keys(accepted))(`${operation.id} accepts a valid token %s`, async (name) => {
      const { method, path, body } = await requestOn(ada, operation);
      const response = await send(method, path, { token: accepted[name]?.() ?? '', body });
      expect(Object.keys(operation.success)).toContain(String(response.status));
    });

    test.each(['bearer', 'BEARER', 'bEaReR'])(`${operation.id} accepts a token under the scheme %s`, async (scheme) => {
      const { method, path, body } = await requestOn(ada, operation);
      const response = await send(method, path, { headers: { Authorization: `${scheme} ${ada.token}` }, body });
      expect(Object.keys(operation.success)).toContain(String(response.status));
    });

    test(`${operation.id} never uses the first of two subjects in a token`, async () => {
      const { method, path, body } = await requestOn(ada, operation);
      const token = forger.token(JSON.stringify(mine()).replace(/\}$/, `,"sub":"${bob.id}"}`));
      expect([401, 403]).toContain((await send(method, path, { token, body })).status);
    });
  });
}
