/** Stands for tasks that are on their way. */
export function Skeleton() {
  return (
    <div className="card divide-y divide-line" aria-hidden="true" data-testid="skeleton">
      {['w-2/3', 'w-1/2', 'w-3/5', 'w-2/5', 'w-1/2'].map((width, index) => (
        <div key={index} className="flex items-center gap-4 p-5">
          <div className="size-5 rounded-full bg-sunken motion-safe:animate-pulse" />
          <div className={`h-4 rounded bg-sunken motion-safe:animate-pulse ${width}`} />
        </div>
      ))}
    </div>
  );
}
