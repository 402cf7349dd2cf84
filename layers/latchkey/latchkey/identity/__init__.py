"""Sign-in by OpenID Connect providers. The import of this package loads no client library."""
