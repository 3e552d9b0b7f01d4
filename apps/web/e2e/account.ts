export const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Signs a user up on that server and requests a token. */
export async function signUp(origin: string, email = 'ada@example.com') {
  const body = JSON.stringify({ name: 'Ada', email, password: 'correct horse battery' });
  const response = await fetch(`${origin}/api/auth/sign-up/email`, { method: 'POST', headers: JSON_TYPE, body });
  const { user } = await response.json();
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  const cookie = cookies.join('; ');
  const { token } = await (await fetch(`${origin}/api/auth/token`, { headers: { Cookie: cookie } })).json();
  return {
    tasks: `${origin}/api/${user.id}/tasks`,
    cookie,
    headers: { ...JSON_TYPE, Authorization: `Bearer ${token}` },
  };
}
