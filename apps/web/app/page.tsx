export default function Page() {
  return (
    <main>
      <h1>Taskward</h1>
      <p>
        A multi-user task API on Next.js and PostgreSQL. Sign up, take a token, manage your tasks; nobody else sees
        them.
      </p>
      <p>
        It runs. Walk through it with <code>curl</code> as the README shows, starting with:
      </p>
      <pre>
        <code>{`curl -i -H 'Content-Type: application/json' \\
  -d '{"name":"Ada","email":"ada@example.com","password":"correct horse battery"}' \\
  /api/auth/sign-up/email`}</code>
      </pre>
      <p>
        <a href="/api/health/ready">Is it ready?</a> · <a href="/api/auth/jwks">Public keys of its tokens</a>
      </p>
    </main>
  );
}
