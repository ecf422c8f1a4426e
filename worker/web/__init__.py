"""The inbound side: a FastAPI app that verifies, stores and answers."""
