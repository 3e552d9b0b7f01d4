export default function Page() {
  return (
    <main>
      <h1>Taskward</h1>
      <p>
        A multi-user task API on Next.js and PostgreSQL. Sign up, take a token, manage your tasks; nobody else sees
        them.
      </p>
      <p>
        It runs. The README walks through it with <code>curl</code>, starting at{' '}
        <code>POST /api/auth/sign-up/email</code>.
      </p>
      <p>
        <a href="/api/health/ready">Is it ready?</a> · <a href="/api/auth/jwks">Public keys of its tokens</a>
      </p>
    </main>
  );
}
