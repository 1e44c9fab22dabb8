"""The words everybody shares: money, rates, days, ids, clocks, errors and facts. No I/O.

Read the files in this order: errors, money, rate, day, calendars, clock, ids, facts.
"""

from tael.kernel import facts
from tael.kernel.calendars import Calendar, Roll
from tael.kernel.clock import CHINA, Clock, FixedClock, SystemClock, aware, day_of
from tael.kernel.day import Day, Period
from tael.kernel.errors import (
    BadInput,
    Conflict,
    Forbidden,
    InvariantBroken,
    NotFound,
    OutsideFailure,
    Refusal,
    TaelError,
    Unauthenticated,
    check,
)
from tael.kernel.ids import (
    AgreementId,
    ApiKeyId,
    ApplicationId,
    AuditId,
    ConsentId,
    ContractId,
    DecisionId,
    DocumentId,
    EntryId,
    EventId,
    FactId,
    GroupId,
    HoldId,
    Id,
    JobId,
    LoanId,
    OfferId,
    PartnerId,
    PartyId,
    ReservationId,
    SessionId,
    UserId,
    VersionId,
)
from tael.kernel.money import Money, Rounding, minor_digits, total
from tael.kernel.rate import Rate

__all__ = [
    "CHINA", "AgreementId", "ApiKeyId", "ApplicationId", "AuditId", "BadInput", "Calendar", "Clock",
    "Conflict", "ConsentId", "ContractId", "Day", "DecisionId", "DocumentId", "EntryId", "EventId",
    "FactId", "FixedClock", "Forbidden", "GroupId", "HoldId", "Id", "InvariantBroken", "JobId", "LoanId",
    "Money", "NotFound", "OfferId", "OutsideFailure", "PartnerId", "PartyId", "Period", "Rate",
    "Refusal", "ReservationId", "Roll", "Rounding", "SessionId", "SystemClock", "TaelError",
    "Unauthenticated", "UserId", "VersionId", "aware", "check", "day_of", "facts", "minor_digits", "total",
]
