"""The whole site, for one process: the sync API, webhooks, the way to connect in the browser, health and docs."""

from fastapi import FastAPI

from worker.reception import Reception
from worker.web.api import api_routes
from worker.web.app import make_web
from worker.web.connecting import Lobby, connect_routes
from worker.web.keys import Doorkeeper
from worker.web.pushes import push_routes
from worker.web.quota import Quota
from worker.wiring import Wiring


def make_site(wiring: Wiring) -> FastAPI:
    """The app over one process's parts."""
    keeper = Doorkeeper(wiring.callers.find, Quota(wiring.redis_in_passing))
    lobby = Lobby(wiring.house, wiring.open_consents, wiring.callers.find)
    routers = [*api_routes(wiring.house, keeper), push_routes(wiring.receivers()), connect_routes(lobby)]
    return make_web(Reception(wiring), more=routers, keeper=keeper)
