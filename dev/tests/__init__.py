"""Tests of the development commands themselves; no network, no database."""
