/** A clinician's day with the TypeScript client that is generated from `docs/openapi.json`. */

import {
  deleteAccess,
  deleteClient,
  getAccess,
  getClients,
  getDiagnosis,
  getEvents,
  getMe,
  postClient,
  postContact,
  postInvitation,
  postPin,
} from "./client";
import { createClient, createConfig } from "./client/client";

declare const process: { argv: string[]; stdout: { write(text: string): void } };

const [origin, token, practice] = process.argv.slice(2) as [string, string, string];
const client = createClient(createConfig({ baseUrl: origin, auth: () => token }));

async function main(): Promise<void> {
  const made = await postClient({
    client,
    path: { practice },
    headers: { "Idempotency-Key": "typescript-day" },
    body: {
      name: "Noa Becker",
      kind: "individual",
      emails: [{ address: "noa.typescript@example.com", email_ok: true }],
      external_id: "typescript-1",
    },
    throwOnError: true,
  });
  const path = { practice, client_id: made.data.id };
  const me = await getMe({ client, throwOnError: true });
  const invited = await postInvitation({ client, path, body: { items: ["Intake form"] } });
  const headers = { "Idempotency-Key": "typescript-pin" };
  const first = await postPin({ client, path, headers, throwOnError: true });
  const second = await postPin({ client, path, headers, throwOnError: true });
  const contact = { name: "Jon Becker", email: "jon.typescript@example.com", email_ok: true, relation: "guardian" };
  await postContact({ client, path, body: contact, throwOnError: true });
  const refused = await deleteAccess({ client, path });
  const ended = await deleteAccess({ client, path, query: { everyone: true } });
  const diagnosis = await getDiagnosis({ client, path, throwOnError: true });
  const access = await getAccess({ client, path, throwOnError: true });
  const found = await getClients({ client, path: { practice }, query: { external_id: "typescript-1" }, throwOnError: true });
  const events = await getEvents({ client, path, throwOnError: true });
  await deleteClient({ client, path });

  process.stdout.write(
    JSON.stringify({
      me: me.data.memberships[0]?.practice,
      invited: invited.response?.status,
      pins: [first, second].map((pin) => Boolean(pin.data.pin)),
      replayed: second.response.headers.get("idempotency-replayed"),
      refused: [refused.response?.status, refused.error && "code" in refused.error ? refused.error.code : null],
      ended: ended.response?.status,
      status: access.data.status,
      people: diagnosis.data.people.map((person) => person.access),
      found: found.data.clients.map((entry) => entry.name),
      events: events.data.events.length > 0,
    }),
  );
}

void main();
