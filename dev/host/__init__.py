"""The house that the development commands stand on: packages, Python, Odoo and PostgreSQL, all below `.cache/`."""
