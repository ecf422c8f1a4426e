"""The kinds of records that FieldCamp keeps, with their fields, filters and methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from worker.simulators.fieldcamp import fields
from worker.simulators.fieldcamp.fields import Check

STATES = ("unscheduled", "scheduled", "in_transit", "arrived", "in_progress", "paused", "completed", "cancelled")
DOCUMENTED_VISIT = (
    "id",
    "jobId",
    "scheduledStart",
    "scheduledEnd",
    "teamId",
    "serviceDuration",
    "unscheduled",
    "anyTime",
    "visitStatus",
    "createdAt",
)
OPTIONAL_TEXT = fields.or_null(fields.text)
OPTIONAL_INSTANT = fields.or_null(fields.instant)
STAMPS: Mapping[str, Check] = {"id": fields.filled_text, "createdAt": fields.instant, "updatedAt": fields.instant}


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    `name` is the key of one record in answers and begins the event types; `plural` is path and list key; `prefix`
    begins ids; `blank` is a record of which nothing was said, in the order in which fields are shown; `writable` are
    the fields that a body may hold, `stamped` those that FieldCamp alone sets; `references` name the kind that a
    field points to; `status` is the field whose change is a `.status_changed`; `hidden` is never shown.
    """

    name: str
    plural: str
    prefix: str
    blank: Mapping[str, Any]
    writable: Mapping[str, Check]
    stamped: Mapping[str, Check]
    required: tuple[str, ...] = ()
    references: Mapping[str, str] | None = None
    filters: frozenset[str] = frozenset()
    methods: frozenset[str] = frozenset({"GET", "POST", "PUT"})
    status: str | None = None
    hidden: frozenset[str] = frozenset({"createdAt", "updatedAt"})


VISIT = Kind(
    name="visit",
    plural="visits",
    prefix="vis_",
    blank={
        "jobId": None,
        "clientId": None,
        "scheduledStart": None,
        "scheduledEnd": None,
        "teamId": [],
        "serviceDuration": None,
        "unscheduled": True,
        "anyTime": False,
        "visitStatus": "unscheduled",
        "notes": None,
        "completedAt": None,
        "cancelledAt": None,
    },
    writable={
        "jobId": fields.filled_text,
        "clientId": OPTIONAL_TEXT,
        "scheduledStart": fields.or_null(fields.instant_or_date),
        "scheduledEnd": fields.or_null(fields.instant_or_date),
        "teamId": fields.texts,
        "serviceDuration": fields.or_null(fields.minutes),
        "unscheduled": fields.boolean,
        "anyTime": fields.boolean,
        "visitStatus": fields.one_of(*STATES),
        "notes": OPTIONAL_TEXT,
    },
    stamped={**STAMPS, "completedAt": OPTIONAL_INSTANT, "cancelledAt": OPTIONAL_INSTANT},
    required=("jobId",),
    references={"jobId": "job", "clientId": "client", "teamId": "team"},
    filters=frozenset({"visitStatus", "teamId", "jobId", "from", "to", "since"}),
    methods=frozenset({"GET", "POST", "PUT", "DELETE"}),
    status="visitStatus",
    hidden=frozenset(),
)

JOB = Kind(
    name="job",
    plural="jobs",
    prefix="job_",
    blank={
        "jobNumber": None,
        "title": None,
        "clientId": None,
        "jobAddress": None,
        "notes": None,
        "timezone": None,
        "jobStatus": None,
    },
    writable={
        "jobNumber": fields.filled_text,
        "title": OPTIONAL_TEXT,
        "clientId": fields.filled_text,
        "jobAddress": fields.or_null(fields.ADDRESS),
        "notes": OPTIONAL_TEXT,
        "timezone": fields.or_null(fields.time_zone),
        "jobStatus": OPTIONAL_TEXT,
    },
    stamped=STAMPS,
    required=("clientId",),
    references={"clientId": "client"},
    status="jobStatus",
)

CLIENT = Kind(
    name="client",
    plural="clients",
    prefix="cli_",
    blank={
        "firstName": None,
        "lastName": None,
        "name": None,
        "companyName": None,
        "email": None,
        "phoneNumber": None,
        "billingAddress": None,
        "propertyAddress": None,
        "stage": None,
        "notes": None,
        "isDeleted": False,
        "deletedAt": None,
    },
    writable={
        "firstName": OPTIONAL_TEXT,
        "lastName": OPTIONAL_TEXT,
        "name": OPTIONAL_TEXT,
        "companyName": OPTIONAL_TEXT,
        "email": OPTIONAL_TEXT,
        "phoneNumber": fields.or_null(fields.PHONE_NUMBER),
        "billingAddress": fields.or_null(fields.ADDRESS),
        "propertyAddress": fields.or_null(fields.ADDRESS),
        "stage": OPTIONAL_TEXT,
        "notes": OPTIONAL_TEXT,
    },
    stamped={**STAMPS, "isDeleted": fields.boolean, "deletedAt": OPTIONAL_INSTANT},
    filters=frozenset({"search", "stage", "since", "includeDeleted"}),
    methods=frozenset({"GET", "POST", "PUT", "DELETE"}),
    hidden=frozenset(),
)

TEAM = Kind(
    name="team",
    plural="team",
    prefix="usr_",
    blank={"firstName": None, "lastName": None, "email": None, "role": None, "isActive": True},
    writable={
        "firstName": OPTIONAL_TEXT,
        "lastName": OPTIONAL_TEXT,
        "email": OPTIONAL_TEXT,
        "role": OPTIONAL_TEXT,
        "isActive": fields.boolean,
    },
    stamped=STAMPS,
    methods=frozenset({"GET"}),
)
