"""Outbound HTTP: time-outs, limits, tokens and what must not be logged."""
