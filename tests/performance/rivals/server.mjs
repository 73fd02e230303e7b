// Node's socket.io, bare or with one INSERT a message: node server.mjs PORT [PostgreSQL's folder, database]
import {createServer} from 'node:http';
import pg from 'pg';
import {Server} from 'socket.io';

const [port, host, database] = process.argv.slice(2);
const pool = host && new pg.Pool({host, database, user: 'postgres', max: 20});
const INSERT = 'INSERT INTO message (ticket_id, client_id, sender, content, created_at) ' +
  'VALUES ($1, $2, $3, $4, $5) RETURNING id';
let last = 0;

async function keep({ticket_id, client_id, content}, now) {
  if (!pool) return ++last;
  const {rows} = await pool.query({name: 'keep', text: INSERT, values: [ticket_id, client_id, 'agent', content, now]});
  return rows[0].id;
}

const web = createServer((_request, response) => response.end('ok'));
const io = new Server(web, {transports: ['websocket'], serveClient: false});
io.on('connection', socket => {
  socket.on('join', ({ticket_id}, ack) => {
    socket.join([`ticket:${ticket_id}`, 'queue']);
    ack({ok: true});
  });
  socket.on('comment.create', async (body, ack) => {
    const now = new Date();
    const message = {id: await keep(body, now), ...body, sender: 'agent', created_at: now.toISOString()};
    io.to(`ticket:${body.ticket_id}`).emit('ticket.event', message);
    ack({ok: true, data: {id: message.id}});
  });
  socket.on('queue.update', (body, ack) => {
    io.to('queue').emit('ticket.row', body);
    ack({ok: true});
  });
});
web.listen(Number(port), '127.0.0.1', 4096);
