import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';

/**
 * Milliseconds of CPU that processes have used so far, from Linux' /proc. `schedstat` counts nanoseconds, `stat` ticks.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
 * @see https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
 */

const MS_PER_TICK = 10;

/** The CPU time of a process with all its threads: V8 compiles and collects garbage on threads of its own. */
export function cpuOfProcess(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + cpuOfThread(`${pid}/task/${thread}`), 0);
}

function cpuOfThread(path: string): number {
  const [nanoseconds] = readProc(`${path}/schedstat`).split(' ');
  return Number(nanoseconds) / 1e6;
}

/** Returns a function that reads the CPU time of a PostgreSQL server on this machine: of all its processes so far. */
export async function openPostgresCpu(url: string): Promise<() => number> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  // Every process of the server is a child of the postmaster.
  const postmaster = statOf(String(rows[0]?.pid)).parent;
  await client.end();
  return () => {
    const children = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && statOf(name).parent === postmaster);
    const { ofEndedChildren } = statOf(String(postmaster));
    return children.reduce((sum, pid) => sum + cpuOfThread(pid), ofEndedChildren);
  };
}

function statOf(pid: string): { parent: number; ofEndedChildren: number } {
  // After the name, which may contain spaces, the state is the third field; parent, cutime and cstime are 4, 16 and 17.
  const fields = readProc(`${pid}/stat`).split(') ').at(-1)?.split(' ') ?? [];
  return { parent: Number(fields[1]), ofEndedChildren: (Number(fields[13]) + Number(fields[14])) * MS_PER_TICK };
}

/** Empty for a process that has ended since it was listed. */
function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}
