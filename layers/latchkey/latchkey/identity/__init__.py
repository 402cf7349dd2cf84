"""Sign-in by OpenID Connect providers. Importing this package loads no client library."""
