"""The company of the demo: twelve technicians, their clients, jobs and visits, and their calendars."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from worker.simulators.town import CLIENT_ID, Town

API_KEY = "fc_live_demo"
ROBOT = "visit-sync@demo.iam.gserviceaccount.com"
TENANT = "5f0c3a52-77aa-4c1e-9d55-0e3f7a1b2c44"
ZONE = "America/New_York"
TECHNICIANS = 12
FIRST_NAMES = (
    "Ada",
    "Grace",
    "Alan",
    "Edsger",
    "Barbara",
    "Donald",
    "Margaret",
    "Tony",
    "Frances",
    "Ken",
    "Radia",
    "Tim",
)
CLIENTS = ("Byron House", "Hopper & Co", "Turing Bakery", "Dijkstra Bikes", "Liskov School", "Knuth Organs")
WORK = ("Boiler service", "Leak repair", "Filter change", "Inspection", "Heat pump installation")
WITHOUT_MAIL = 5
"""The client who has no e-mail address."""

SLOTS = (12, 14, 17, 19)
"""Hours in UTC at which a technician's four visits of a day begin."""


def technician(number: int) -> str:
    """The team member's id in FieldCamp."""
    return f"usr_{number + 1}"


def calendar(number: int) -> str:
    """The team member's Google calendar."""
    return f"{FIRST_NAMES[number].lower()}@demo.example"


def mailbox(number: int) -> str:
    """The team member's Outlook calendar, for those who have one."""
    return f"{FIRST_NAMES[number].lower()}@outlook.demo.example"


def _settings(calendars: Mapping[str, str]) -> dict[str, Any]:
    rows = [{"team_id": team_id, "calendar": name} for team_id, name in calendars.items()]
    return {"calendars": rows, "time_zone": ZONE}


def stamp(moment: datetime) -> str:
    """An instant as FieldCamp writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


@dataclass
class Company:
    """Fills the simulated FieldCamp, Google and Outlook, and hands out credentials and free slots.

    ``on_outlook`` are the numbers of the technicians whose calendar is there; all others are with Google. Visits are
    planned four a day and technician from tomorrow on, so that nobody is booked twice.
    """

    town: Town
    tomorrow: datetime
    on_outlook: set[int] = field(default_factory=set)
    credentials: dict[str, Any] = field(default_factory=dict)
    _slots: Iterator[tuple[int, datetime]] = field(init=False)

    def __post_init__(self) -> None:
        self._slots = self._free_slots()

    @property
    def settings(self) -> dict[str, Any]:
        """The settings file of the Google connection."""
        there = [number for number in range(TECHNICIANS) if number not in self.on_outlook]
        return _settings({technician(number): calendar(number) for number in there})

    @property
    def outlook_settings(self) -> dict[str, Any]:
        """The settings file of the Outlook connection."""
        return _settings({technician(number): mailbox(number) for number in sorted(self.on_outlook)})

    @property
    def outlook_credentials(self) -> dict[str, Any]:
        """What an administrator of the tenant has permitted, for all its mailboxes."""
        return {"tenant_id": TENANT}

    def found(self, visits: int) -> None:
        """Everybody is hired, every client and job entered, and the first visits are planned."""
        fieldcamp = self.town.fieldcamp
        fieldcamp.configure(rate_limit_per_minute=None)
        fieldcamp.add_account(API_KEY)
        for number, name in enumerate(FIRST_NAMES):
            fieldcamp.add_team_member(
                API_KEY, technician(number), firstName=name, lastName="Demo", email=calendar(number)
            )
        for number, name in enumerate(CLIENTS):
            email = None if number == WITHOUT_MAIL else f"office{number}@demo.example"
            fieldcamp.add_client(API_KEY, id=f"cli_{number}", companyName=name, email=email)
        for number in range(len(CLIENTS) * len(WORK)):
            fieldcamp.add_job(API_KEY, **self._job(number))
        self._hire_robot()
        self.town.outlook.add_tenant(TENANT, CLIENT_ID)
        for number in range(TECHNICIANS):
            self.town.outlook.add_user(mailbox(number), tenant=TENANT, client_id=CLIENT_ID)
        fieldcamp.load_visits(API_KEY, [self.next_visit(number) for number in range(visits)])

    def next_visit(self, number: int) -> dict[str, Any]:
        """A scheduled visit in the next free slot."""
        who, start = next(self._slots)
        return {
            "id": f"vis_{number}",
            "jobId": f"job_{number % (len(CLIENTS) * len(WORK))}",
            "scheduledStart": stamp(start),
            "scheduledEnd": stamp(start + timedelta(minutes=90)),
            "serviceDuration": 90,
            "teamId": [technician(who)],
            "visitStatus": "scheduled",
            "unscheduled": False,
            "anyTime": False,
        }

    def _free_slots(self) -> Iterator[tuple[int, datetime]]:
        for slot in range(10_000):
            day, rest = divmod(slot, TECHNICIANS * len(SLOTS))
            hour, who = divmod(rest, TECHNICIANS)
            yield who, self.tomorrow + timedelta(days=day, hours=SLOTS[hour])

    def _job(self, number: int) -> dict[str, Any]:
        client, work = divmod(number, len(WORK))
        return {
            "id": f"job_{number}",
            "jobNumber": str(1000 + number),
            "title": WORK[work],
            "clientId": f"cli_{client}",
            "jobAddress": {
                "houseNumber": str(number + 1),
                "street": "Main Street",
                "city": "Springfield",
                "country": "US",
            },
            "notes": "Ring twice.",
        }

    def _hire_robot(self) -> None:
        """A service account that may act for every technician, as a Workspace administrator sets it up."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        addresses = [calendar(number) for number in range(TECHNICIANS)]
        for address in addresses:
            self.town.google.add_user(address, time_zone=ZONE)
        self.town.google.add_service_account(ROBOT, public.decode(), addresses)
        info = {"type": "service_account", "client_email": ROBOT, "private_key": private, "private_key_id": "demo"}
        self.credentials = {"service_account": {**info, "token_uri": "https://oauth2.googleapis.com/token"}}
