"""Programs that read `docs/openapi.json` as others do."""
