// Access tokens made by the tests: RSA keys, a team's published key set, and tokens right and wrong.
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";

export const AUDIENCE = "aud-of-farhand";

export interface TeamKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export async function makeKey(kid: string, alg = "RS256"): Promise<TeamKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, use: "sig", alg } };
}

/** What the team's address answers from now on. */
export async function publish(team: string, keys: readonly TeamKey[]): Promise<void> {
  await answerWith(team, 200, JSON.stringify({ keys: keys.map((key) => key.jwk) }));
}

export async function answerWith(team: string, status: number, body: string): Promise<void> {
  await (await fetch(team, { method: "PUT", body: JSON.stringify({ status, body }) })).text();
}

export const fetched = async (team: string): Promise<number> => Number(await (await fetch(`${team}/fetched`)).text());

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** Claims of a person as Access makes them; `undefined` takes one away. */
export function claims(team: string, more: Record<string, unknown> = {}): JWTPayload {
  const now = nowSeconds();
  const all: Record<string, unknown> = {
    iss: team,
    aud: [AUDIENCE],
    sub: "7335d417-61da-459d-899c-0a01c76a2f94",
    email: "Ada@Example.com",
    type: "app",
    iat: now,
    nbf: now,
    exp: now + 3600,
    identity_nonce: "nonce",
    country: "CH",
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as JWTPayload;
}

export async function sign(key: TeamKey, payload: JWTPayload, header: { alg?: string; kid?: string | undefined } = {}): Promise<string> {
  const kid = "kid" in header ? header.kid : key.kid;
  return new SignJWT(payload)
    .setProtectedHeader({ alg: header.alg ?? "RS256", ...(kid === undefined ? {} : { kid }), typ: "JWT" })
    .sign(key.privateKey);
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token whose header and signature are whatever the test wants. */
export const forged = (header: unknown, payload: JWTPayload, signature = ""): string =>
  `${base64url(header)}.${base64url(payload)}.${signature}`;
