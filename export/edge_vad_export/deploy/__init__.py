"""Modules that compute what training modules do, in a form for the exported graph."""
