export default function Page() {
  return (
    <main>
      <h1>Taskward</h1>
      <p>The reference to-do backend for Next.js is running.</p>
    </main>
  );
}
