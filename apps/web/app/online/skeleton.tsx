/** Stands in for a list while it is loaded. */
export function Skeleton({ label }: { label: string }) {
  return (
    <div role="status" className="card divide-y divide-line">
      <span className="sr-only">{label}</span>
      {['w-3/5', 'w-2/5', 'w-1/2'].map((width) => (
        <div key={width} className="px-4 py-5">
          <div className={`h-4 rounded bg-sunken motion-safe:animate-pulse ${width}`} />
        </div>
      ))}
    </div>
  );
}
