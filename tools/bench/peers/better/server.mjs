// better-auth with the magic link plugin on Node's own HTTP server, as its documentation sets it up.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { toNodeHandler } from "better-auth/node";
import { magicLink } from "better-auth/plugins";
import nodemailer from "nodemailer";
import pg from "pg";

const { PEER_PORT, PEER_POSTGRES_PORT, PEER_SMTP_PORT, PEER_PEOPLE, SSL_CERT_FILE } = process.env;
const tls = { ca: readFileSync(SSL_CERT_FILE) };
const post = nodemailer.createTransport({ host: "127.0.0.1", port: PEER_SMTP_PORT, secure: false, pool: true, requireTLS: true, tls });
const origin = `http://127.0.0.1:${PEER_PORT}`;

const auth = betterAuth({
  baseURL: origin,
  secret: "only for one run on one machine, behind loopback",
  database: new pg.Pool({ host: "127.0.0.1", port: PEER_POSTGRES_PORT, user: "postgres", database: "postgres", ssl: tls }),
  // Its limits stay on: each request comes from an address of its own, told as a load balancer does.
  advanced: { ipAddress: { ipAddressHeaders: ["x-forwarded-for"] } },
  telemetry: { enabled: false },
  plugins: [
    magicLink({
      disableSignUp: true,
      sendMagicLink: async ({ email, url }) => {
        await post.sendMail({
          from: "portal@example.com",
          to: email,
          subject: "Sign in",
          text: `Sign in with this link:\n\n${url}\n`,
        });
      },
    }),
  ],
});

await (await getMigrations(auth.options)).runMigrations();
const { internalAdapter } = await auth.$context;
for (let n = 0; n < Number(PEER_PEOPLE); n++)
  await internalAdapter.createUser({ email: `person${n}@example.com`, name: `Person ${n}`, emailVerified: true });
createServer(toNodeHandler(auth)).listen(Number(PEER_PORT), "127.0.0.1");
