"""A real server for what is shared through Redis."""

from tests.servers.fixtures import own_redis, redis_server, redis_url

__all__ = ["own_redis", "redis_server", "redis_url"]
