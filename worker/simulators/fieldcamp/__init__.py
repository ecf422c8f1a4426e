"""A FieldCamp of our own: visits, jobs, clients, team and books, with events and the limits of the real one."""

from worker.simulators.fieldcamp.refusal import Refused
from worker.simulators.fieldcamp.settings import Settings
from worker.simulators.fieldcamp.simulator import FieldCampSimulator

__all__ = ["FieldCampSimulator", "Refused", "Settings"]
