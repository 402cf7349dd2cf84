"""The clinicians' JSON API: routes, bodies and documents of the use cases."""
