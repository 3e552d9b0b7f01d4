import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyRequest } from 'fastify';
import { jwtVerify } from 'jose';
import { Pool } from 'pg';

/**
 * A plain version of the same API, as many would write it: Fastify with response schemas, `jose`, and `pg` with named
 * statements on one table. It has no row-level security, tags table, preconditions, idempotency, limits or log. The
 * benchmark compares the CPU per request of both.
 *
 * Environment: DATABASE_URL, JWT_SECRET, PORT.
 */

const { DATABASE_URL, JWT_SECRET = '', PORT } = process.env;
const secret = new TextEncoder().encode(JWT_SECRET);
const pool = new Pool({ connectionString: DATABASE_URL });
const app = Fastify();

interface Row {
  id: string;
  user_id: string;
  title: string;
  description: string | null;
  status: string;
  priority: string;
  due_date: string | null;
  tags: string[];
  completed_at: Date | null;
  created_at: Date;
  updated_at: Date;
  version: number;
}

const toTask = (row: Row) => ({ ...row, completed: row.status === 'done' });

const text = { type: 'string' };
const optionalText = { type: ['string', 'null'] };
const taskSchema = {
  type: 'object',
  properties: {
    ...{ id: text, user_id: text, title: text, description: optionalText, status: text },
    ...{ completed: { type: 'boolean' }, priority: text, due_date: optionalText },
    ...{ tags: { type: 'array', items: text }, completed_at: { type: ['string', 'null'], format: 'date-time' } },
    ...{ created_at: { ...text, format: 'date-time' }, updated_at: { ...text, format: 'date-time' } },
    version: { type: 'integer' },
  },
};
const pageSchema = {
  type: 'object',
  properties: { data: { type: 'array', items: taskSchema }, next_cursor: optionalText },
};
const bodySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    title: { ...text, minLength: 1, maxLength: 200 },
    description: { ...optionalText, maxLength: 10_000 },
    status: { enum: ['todo', 'in_progress', 'done'] },
    priority: { enum: ['none', 'low', 'medium', 'high'] },
    due_date: { ...optionalText, format: 'date' },
    tags: { type: 'array', items: text, maxItems: 20 },
  },
};
const querySchema = {
  type: 'object',
  properties: { limit: { type: 'integer', minimum: 1, maximum: 100, default: 20 }, cursor: text },
};

const columns = `id, user_id, title, description, status, priority, due_date::text, tags, completed_at, created_at,
  updated_at, version`;

async function query(name: string, sql: string, values: unknown[]): Promise<Row[]> {
  const { rows } = await pool.query<Row>({ name, text: sql, values });
  return rows;
}

async function authenticate(request: FastifyRequest<Owner>): Promise<void> {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? '';
  const { payload } = await jwtVerify(token, secret, { algorithms: ['HS256'] }).catch(() => {
    throw Object.assign(new Error('Unauthorized'), { statusCode: 401 });
  });
  if (payload.sub !== request.params.user_id) throw Object.assign(new Error('Forbidden'), { statusCode: 403 });
}

function one(rows: Row[]) {
  const [row] = rows;
  if (!row) throw Object.assign(new Error('Not found'), { statusCode: 404 });
  return toTask(row);
}

interface Owner {
  Params: { user_id: string };
}
interface One {
  Params: { user_id: string; task_id: string };
}
type Body = Partial<Pick<Row, 'title' | 'description' | 'status' | 'priority' | 'due_date' | 'tags'>>;

app.addHook<Owner>('onRequest', authenticate);

app.get<Owner & { Querystring: { limit: number; cursor?: string } }>(
  '/api/:user_id/tasks',
  { schema: { querystring: querySchema, response: { 200: pageSchema } } },
  async ({ params, query: { limit, cursor } }) => {
    const [createdAt, id] = cursor ? Buffer.from(cursor, 'base64url').toString().split(' ') : [];
    const after = cursor ? 'and (created_at, id) < ($3::timestamptz, $4::uuid)' : '';
    const rows = await query(
      cursor ? 'next' : 'list',
      `select ${columns} from peer_tasks where user_id = $1 ${after} order by created_at desc, id desc limit $2`,
      [params.user_id, limit + 1, ...(cursor ? [createdAt, id] : [])],
    );
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const next = last && Buffer.from(`${last.created_at.toISOString()} ${last.id}`).toString('base64url');
    return { data: page.map(toTask), next_cursor: next ?? null };
  },
);

app.get<One>('/api/:user_id/tasks/:task_id', { schema: { response: { 200: taskSchema } } }, async ({ params }) =>
  one(
    await query('get', `select ${columns} from peer_tasks where user_id = $1 and id = $2`, [
      params.user_id,
      params.task_id,
    ]),
  ),
);

app.post<Owner & { Body: Body }>(
  '/api/:user_id/tasks',
  { schema: { body: { ...bodySchema, required: ['title'] }, response: { 201: taskSchema } } },
  async ({ params, body }, reply) => {
    const { title, description = null, status = 'todo', priority = 'none', due_date = null, tags = [] } = body;
    const rows = await query(
      'create',
      `insert into peer_tasks (user_id, id, title, description, status, priority, due_date, tags, completed_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, case when $5 = 'done' then now() end) returning ${columns}`,
      [params.user_id, randomUUID(), title, description, status, priority, due_date, tags],
    );
    reply.code(201);
    return one(rows);
  },
);

app.patch<One & { Body: Body }>(
  '/api/:user_id/tasks/:task_id',
  { schema: { body: bodySchema, response: { 200: taskSchema } } },
  async ({ params, body }) => {
    const fields = Object.entries(body);
    const set = fields.map(([name], i) => `${name} = $${i + 3}`).join(', ');
    return one(
      await query(
        `patch ${Object.keys(body)}`,
        `update peer_tasks set ${set}, version = version + 1, updated_at = now()
         where user_id = $1 and id = $2 returning ${columns}`,
        [params.user_id, params.task_id, ...fields.map(([, value]) => value)],
      ),
    );
  },
);

app.patch<One>(
  '/api/:user_id/tasks/:task_id/complete',
  { schema: { response: { 200: taskSchema } } },
  async ({ params }) =>
    one(
      await query(
        'complete',
        `update peer_tasks set status = case status when 'done' then 'todo' else 'done' end,
         completed_at = case status when 'done' then null else now() end, version = version + 1, updated_at = now()
       where user_id = $1 and id = $2 returning ${columns}`,
        [params.user_id, params.task_id],
      ),
    ),
);

app.delete<One>('/api/:user_id/tasks/:task_id', async ({ params }, reply) => {
  const rows = await query('delete', `delete from peer_tasks where user_id = $1 and id = $2 returning ${columns}`, [
    params.user_id,
    params.task_id,
  ]);
  one(rows);
  reply.code(204);
});

await app.listen({ host: '127.0.0.1', port: Number(PORT) });
