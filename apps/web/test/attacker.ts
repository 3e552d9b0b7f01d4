import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Operation } from '@taskward/api-core';
import { jwks } from '@taskward/db/schema';
import { symmetricDecrypt } from 'better-auth/crypto';
import { expect } from 'vitest';
import { getApp } from '../server/app';
import { isDeployed, ORIGIN, send, signedUpIds, type TestUser } from './harness';
import { type Call, createResources, idParamOf, requestFor } from './requests';

/** Creates the tokens and requests of an attacker, and reads the stored rows directly from the database. */

export type Signer = (input: string) => Uint8Array;

export const ed25519 =
  (key: KeyObject): Signer =>
  (input) =>
    sign(null, Buffer.from(input), key);
export const sha256 =
  (key: KeyObject): Signer =>
  (input) =>
    sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
export const hmac =
  (alg: string, secret: string | Uint8Array): Signer =>
  (input) =>
    createHmac(alg.replace('HS', 'sha'), secret).update(input).digest();
export const unsigned: Signer = () => new Uint8Array();

/** A JWS in compact form (RFC 7515). A part that is text or bytes is used as it is, so that it can be invalid. */
export function compact(header: object | string, payload: object | string, signer: Signer): string {
  const input = [header, payload].map((part) => encode(isRaw(part) ? part : JSON.stringify(part))).join('.');
  return `${input}.${encode(signer(input))}`;
}

const isRaw = (part: unknown): part is string | Uint8Array => typeof part === 'string' || part instanceof Uint8Array;
export const encode = (part: string | Uint8Array) => Buffer.from(part).toString('base64url');

/** Seconds since the epoch, `later` from now. */
export const inSeconds = (later: number) => Math.floor(Date.now() / 1000) + later;

/** The claims of a good token, with these changes; undefined leaves one out. */
export function claimsOf(sub: unknown, changes: object = {}) {
  return { iat: inSeconds(0), exp: inSeconds(900), iss: ORIGIN, aud: ORIGIN, sub, ...changes };
}

export interface TokenForger {
  /** The header that Better Auth writes. */
  readonly header: { readonly alg: 'EdDSA'; readonly kid: string };
  readonly publicKey: KeyObject;
  /** As it is stored in the table. */
  readonly publicJwk: string;
  /** Signs with the deployment's real key. */
  readonly signer: Signer;
  /** A token by the deployment's real key. */
  token(claims: object | string, header?: object | string): string;
}

/** Reads the signing key from the database, as only the operator could. A token has to have been issued before. */
export async function openTokenForger(): Promise<TokenForger> {
  const { db } = await getApp();
  const [row] = await db.ownerDb.select().from(jwks);
  if (!row) throw new Error('There is no signing key yet.');
  const data = JSON.parse(row.privateKey);
  const jwk = JSON.parse(await symmetricDecrypt({ key: process.env.BETTER_AUTH_SECRET ?? '', data }));
  const key = createPrivateKey({ key: jwk, format: 'jwk' });
  const header = { alg: 'EdDSA', kid: row.id } as const;
  const signer = ed25519(key);
  return {
    header,
    publicKey: createPublicKey(key),
    publicJwk: row.publicKey,
    signer,
    token: (claims, own = header) => compact(own, claims, signer),
  };
}

/** The attacker's own keys. */
export function ownKeys() {
  const ed = generateKeyPairSync('ed25519');
  const jwk = ed.publicKey.export({ format: 'jwk' });
  return {
    ed: ed.privateKey,
    rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey,
    ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
    jwk,
    certificate: certificateOf(Buffer.from(jwk.x ?? '', 'base64url')).toString('base64'),
  };
}

/** An X.509 certificate of that Ed25519 key for the name `x`, valid from 2020 to 2049 (RFC 5280, RFC 8410). */
function certificateOf(publicKey: Buffer): Buffer {
  const der = (tag: number, ...parts: (Buffer | string)[]): Buffer => {
    const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const length = content.length < 128 ? [content.length] : [0x81, content.length];
    return Buffer.concat([Buffer.from([tag, ...length]), content]);
  };
  const algorithm = Buffer.from('300506032b6570', 'hex');
  const name = der(0x30, der(0x31, der(0x30, Buffer.from('0603550403', 'hex'), der(0x0c, 'x'))));
  const validity = der(0x30, der(0x17, '200101000000Z'), der(0x17, '490101000000Z'));
  const bits = (bytes: Buffer) => der(0x03, Buffer.from([0]), bytes);
  const spki = der(0x30, algorithm, bits(publicKey));
  const version = Buffer.from('a003020102', 'hex');
  const body = der(0x30, version, der(0x02, Buffer.from([1])), algorithm, name, validity, name, spki);
  return der(0x30, body, algorithm, bits(Buffer.alloc(64)));
}

let tables: { name: string; owned: boolean }[] | undefined;

/**
 * Every row in the database, or those of this user, as text: equal before and after means that nothing was written. Of a
 * deployment, whose database other test files use at the same time, the rows of this process's users.
 */
export async function storedRows(userId?: string): Promise<string> {
  const { db } = await getApp();
  tables ??= (
    await db.ownerDb.execute<{ name: string; owned: boolean }>(`
      select relname as name, exists (select from pg_attribute where attrelid = oid and attname = 'user_id') as owned
      from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace`)
  ).rows;
  const userIds = userId === undefined && isDeployed ? signedUpIds : [userId].filter((id) => id !== undefined);
  const [where, which] =
    userIds.length === 0
      ? ['', tables]
      : [`where x.user_id in ('${userIds.join("', '")}')`, tables.filter(({ owned }) => owned)];
  const selects = which.map(({ name }) => `select '${name}' || to_jsonb(x)::text as row from "${name}" x ${where}`);
  const { rows } = await db.ownerDb.execute<{ row: string }>(`${selects.join(' union all ')} order by 1`);
  return rows.map(({ row }) => row).join('\n');
}

/** Creates requests of the user for new resources of their own. */
export async function requestsOn(user: TestUser): Promise<(operation: Operation) => Call> {
  const params = await createResources(user);
  return (operation) => requestFor(operation, params);
}

/** The same for one operation: the resources are only created where it is on one. */
export async function requestOn(user: TestUser, operation: Operation): Promise<Call> {
  return requestFor(operation, idParamOf(operation) ? await createResources(user) : { user_id: user.id });
}

const challenges = {
  none: /^Bearer realm="[^"]+"$/,
  invalid: /^Bearer realm="[^"]+", error="invalid_token"(, error_description="The token is invalid")?$/,
  expired: /^Bearer realm="[^"]+", error="invalid_token"(, error_description="The token is expired")?$/,
};
const details = { none: /^Send a token/, invalid: /^The token is invalid\.$/, expired: /^The token is expired\.$/ };

/**
 * Sends the request with these headers, and expects a 401 with exactly this information, and that nothing was written.
 */
export async function expectRefused(
  { method, path, body }: Call,
  headers: HeadersInit,
  why: keyof typeof challenges,
): Promise<void> {
  const before = await storedRows();
  const response = await send(method, path, { headers, body });
  expect({ status: response.status, storedRows: await storedRows() }).toEqual({ status: 401, storedRows: before });
  expect(response.headers.get('WWW-Authenticate')).toMatch(challenges[why]);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(response.headers.get('Content-Type')).toBe('application/problem+json');
  if (method === 'HEAD') return expect(await response.text()).toBe('');
  expect(await response.json()).toEqual({
    type: '/problems/unauthorized',
    title: expect.any(String),
    status: 401,
    detail: expect.stringMatching(details[why]),
    instance: new URL(path, ORIGIN).pathname,
    request_id: response.headers.get('X-Request-Id'),
  });
}
