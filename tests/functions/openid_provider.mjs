// An OpenID provider of another project, on the loopback. Its accounts exist as soon as someone types their name.
// Arguments: port, key id, OAuth client, its secret, origin of the console.
import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const [port, kid, clientId, clientSecret, origin] = process.argv.slice(2);
const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      token_endpoint_auth_method: "client_secret_post",
      redirect_uris: [`${origin}/admin/callback`],
      post_logout_redirect_uris: [`${origin}/admin`],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), kid, use: "sig", alg: "RS256" }] },
  cookies: { keys: ["any"] },
  // Providers differ in whether an ID token of the code flow has these claims. With them, more of ours is used.
  conformIdTokenClaims: false,
  claims: { openid: ["sub"], email: ["email", "email_verified"] },
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== "unverified" }),
  }),
});
provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
