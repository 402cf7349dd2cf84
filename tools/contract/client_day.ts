/** A client's day with the TypeScript clients that are generated from the OpenAPI documents. */

import { deleteAccess, deleteClient, postClient, postInvitation, postPin } from "./client";
import { createClient, createConfig } from "./client/client";
import { chooseProfile, getSession, openLink, redeemLink, requestLink, signInByPin, signOut } from "./portal";
import { createClient as createApp, createConfig as configureApp, type Client as App } from "./portal/client";

declare const process: { argv: string[]; stdout: { write(text: string): void } };

const [origin, token, practice] = process.argv.slice(2) as [string, string, string];
const guardian = "maria.gomez@gmail.com";
const newcomer = "lea.typescript@example.com";
const path = { practice };

/** Return the generated client as an app uses it: it accepts JSON and keeps its cookies. A browser keeps them itself. */
function app(): App {
  const made = createApp(configureApp({ baseUrl: origin, headers: { Accept: "application/json" } }));
  const cookies = new Map<string, string>();
  made.interceptors.request.use((request) => {
    request.headers.set("Cookie", [...cookies].map(([name, value]) => `${name}=${value}`).join("; "));
    return request;
  });
  made.interceptors.response.use((response) => {
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";", 1)[0]!.split(/=(.*)/s) as [string, string];
      if (line.includes("Max-Age=0")) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  });
  return made;
}

async function mails(): Promise<{ url: string }[]> {
  return (await fetch(`${origin}/local/mail.json?to=${guardian}`)).json();
}

async function byLink(): Promise<object> {
  const [phone, other] = [app(), app()];
  const earlier = (await mails()).length;
  const unknown = await requestLink({ client: phone, path, body: { email: "nobody@example.com" } });
  const accepted = await requestLink({ client: phone, path, body: { email: guardian } });
  let arrived = await mails();
  while (arrived.length === earlier) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    arrived = await mails();
  }
  const link = { practice, token: arrived[0]!.url.split("?")[0]!.split("/").pop()! };
  const confirmed = await openLink({ client: other, path: link, throwOnError: true });
  const signedIn = await redeemLink({ client: phone, path: link, body: {}, throwOnError: true });
  const profile = signedIn.data.profiles.at(-1)!.id;
  const chosen = await chooseProfile({ client: phone, path, body: { profile }, throwOnError: true });
  const session = await getSession({ client: phone, path, throwOnError: true });
  const used = await redeemLink({ client: other, path: link, body: {} });
  const ended = await signOut({ client: phone, path, body: {}, throwOnError: true });
  const after = await getSession({ client: phone, path });
  return {
    unknown: [unknown.response?.status, unknown.error?.code],
    accepted: [accepted.response?.status, accepted.data?.status],
    confirmed: "status" in confirmed.data ? confirmed.data.status : null,
    method: signedIn.data.method,
    open: [signedIn.data.profile, chosen.data.profile === profile && session.data.profile === profile],
    features: session.data.features.messages,
    used: [used.response?.status, used.error?.code],
    ended: ended.data.status,
    after: [after.response?.status, after.error?.code],
  };
}

async function byPin(): Promise<object> {
  const [phone, clinician] = [app(), createClient(createConfig({ baseUrl: origin, auth: () => token }))];
  const emails = [{ address: newcomer, email_ok: true }];
  const body = { name: "Lea Becker", kind: "individual" as const, emails };
  const made = await postClient({ client: clinician, path, body, throwOnError: true });
  const one = { practice, client_id: made.data.id };
  const invited = await postInvitation({ client: clinician, path: one, body: {} });
  const pin = (await postPin({ client: clinician, path: one, throwOnError: true })).data.pin!;
  const wrong = String((Number(pin) + 1) % 1_000_000).padStart(6, "0");
  const refused = await signInByPin({ client: phone, path, body: { email: newcomer, pin: wrong } });
  const signedIn = await signInByPin({ client: phone, path, body: { email: newcomer, pin }, throwOnError: true });
  await deleteAccess({ client: clinician, path: one });
  const disabled = await getSession({ client: phone, path });
  await deleteClient({ client: clinician, path: one });
  return {
    invited: invited.response?.status,
    refused: [refused.response?.status, refused.error?.code],
    pin: signedIn.data.method,
    disabled: [disabled.response?.status, disabled.error?.code],
  };
}

void (async () => process.stdout.write(JSON.stringify({ ...(await byLink()), ...(await byPin()) })))();
