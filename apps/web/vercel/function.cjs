// One function in a process of its own, as Vercel runs it: argv names its launcher; the port it takes goes to the
// parent.
const { createServer } = require('node:http');

const [, , launcher, isProxy] = process.argv;
const handler = require(launcher);

/** The proxy of the pages takes a web Request and returns a Response. */
async function handleProxied(request, response) {
  const { method, headers, url } = request;
  const result = await handler(new Request(`https://${headers.host}${url}`, { method, headers }));
  response.writeHead(result.status, Object.fromEntries(result.headers)).end(await result.text());
}

const server = createServer(isProxy === 'true' ? handleProxied : handler);
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
// The function exits with its parent.
process.on('disconnect', () => process.exit());
