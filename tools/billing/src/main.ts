// Billing simulator, loopback only: approves renewals until told otherwise.
import { BillingBook } from './billing-book.js';
import { createBillingServer } from './billing-server.js';

const { PORT, HOST = '127.0.0.1' } = process.env;
if (!PORT) {
  console.error('billing: set PORT');
  process.exit(78);
}
const server = createBillingServer(new BillingBook());
server.on('error', (error) => {
  console.error(`billing: cannot listen on ${HOST}:${PORT}: ${error.message}`);
  process.exit(1);
});
server.listen(Number(PORT), HOST, () => console.log(`billing on http://${HOST}:${PORT}`));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
