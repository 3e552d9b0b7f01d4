// One function in a process of its own, as Vercel runs it: argv names its launcher; the port it takes goes to the parent.
const { createServer } = require('node:http');

const [, , launcher, isProxy] = process.argv;
const handler = require(launcher);

/** The proxy of the pages speaks web requests. */
async function answerProxied(request, response) {
  const { method, headers, url } = request;
  const answer = await handler(new Request(`https://${headers.host}${url}`, { method, headers }));
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text());
}

const server = createServer(isProxy === 'true' ? answerProxied : handler);
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
// A parent that is gone leaves no function behind.
process.on('disconnect', () => process.exit());
