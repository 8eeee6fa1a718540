"""One row of a contact file becomes a contact, or a reject with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

from dialer.calling_hours import zone_info
from dialer.contact import ImportReject
from dialer.errors import InvalidNumber
from dialer.phone import normalise

PHONE_NAMES = ("phone", "телефон", "номер", "tel", "mobile", "number", "msisdn", "моб")
NAME_NAMES = ("full name", "full_name", "fullname", "фио", "name", "имя", "contact", "контакт", "клиент", "customer")
ZONE_NAMES = ("time zone", "time_zone", "timezone", "tz", "часовой пояс", "часовой_пояс", "zone", "пояс")
BASIS_NAMES = ("consent", "consent_basis", "согласие", "основание согласия", "basis")
CONSENT_AT_NAMES = ("consent_at", "consent date", "consent time", "дата согласия", "время согласия")
SOURCE_NAMES = ("consent_source", "consent source", "источник согласия")
LONGEST_NAME = 200
LONGEST_CONSENT = 300
FIRST_YEAR = 1970
MOMENTS = ("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S")
"""How people write a moment, besides ISO 8601."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column (from 0) holds what; every other column is kept as an extra under its name."""

    phone: int
    name: int | None = None
    time_zone: int | None = None
    consent_basis: int | None = None
    consent_at: int | None = None
    consent_source: int | None = None


@dataclass(frozen=True, slots=True)
class RowConsent:
    """What was agreed to, when (UTC), and where that is on record; an empty source means the file itself."""

    basis: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """A row fit to be a contact. zones: sorted, one or more. consent: None when the row proves none."""

    phone: str
    name: str
    zones: tuple[str, ...]
    extra: Mapping[str, str]
    consent: RowConsent | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that can't be a contact."""

    reason: ImportReject
    detail: str


def guess_mapping(columns: Sequence[str]) -> ColumnMapping:
    """Guess from the columns' names (Russian and English); the first column is the number when none says so."""
    lowered = [column.strip().lower() for column in columns]
    phone = find_column(lowered, PHONE_NAMES, set())
    taken = {0 if phone is None else phone}
    number = min(taken)
    found: list[int | None] = []
    for names in (CONSENT_AT_NAMES, SOURCE_NAMES, BASIS_NAMES, ZONE_NAMES, NAME_NAMES):
        place = find_column(lowered, names, taken)
        found.append(place)
        taken |= {place} if place is not None else set()
    consent_at, source, basis, zone, name = found
    return ColumnMapping(number, name, zone, basis, consent_at, source)


def find_column(columns: Sequence[str], names: Sequence[str], taken: set[int]) -> int | None:
    """Return the place of a column called so (in lower case); the exact name wins over one that only contains it."""
    free = [(place, column) for place, column in enumerate(columns) if place not in taken]
    for name in names:
        for place, column in free:
            if column == name:
                return place
    for name in names:
        for place, column in free:
            if name in column:
                return place
    return None


def sort_row(
    cells: Sequence[str], columns: Sequence[str], mapping: ColumnMapping, default_country: str, default_zone: str
) -> Accepted | Rejected:
    """Decide what a row is; duplicates and the blacklist are the database's to know.

    The zone comes from its column when that holds an IANA name, else from the number, else it is `default_zone`. A
    consent counts when its basis and its time can be read; else its cells are kept as extras.
    """
    if mapping.phone >= len(cells):
        return Rejected(ImportReject.MALFORMED, f"the row has {len(cells)} of {len(columns)} columns and no number")
    raw = cells[mapping.phone]
    if not raw:
        return Rejected(ImportReject.MALFORMED, "the cell of the phone number is empty")
    try:
        phone = normalise(raw, default_country)
    except InvalidNumber as error:
        return Rejected(ImportReject.INVALID_NUMBER, str(error))
    if phone.is_premium:
        return Rejected(ImportReject.PREMIUM_RATE, f"calling {phone.e164} costs extra")
    named = {mapping.phone, mapping.name, mapping.time_zone}
    consent = _consent(cells, mapping, default_zone) if mapping.consent_basis is not None else None
    if consent is not None:
        named |= {mapping.consent_basis, mapping.consent_at, mapping.consent_source}
    return Accepted(
        phone=phone.e164,
        name=_cell(cells, mapping.name)[:LONGEST_NAME],
        zones=_zones(_cell(cells, mapping.time_zone)) or phone.zones or (default_zone,),
        extra={_column(columns, place): cell for place, cell in enumerate(cells) if place not in named and cell != ""},
        consent=consent,
    )


def _consent(cells: Sequence[str], mapping: ColumnMapping, zone: str) -> RowConsent | None:
    basis = _cell(cells, mapping.consent_basis).strip()[:LONGEST_CONSENT]
    at = _moment(_cell(cells, mapping.consent_at).strip(), zone)
    return (
        RowConsent(basis, at, _cell(cells, mapping.consent_source).strip()[:LONGEST_CONSENT]) if basis and at else None
    )


def _moment(text: str, zone: str) -> datetime | None:
    """Return what a cell says in UTC, by the clock of `zone` unless it names an offset; None: nobody can say."""
    found = None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for form in MOMENTS:
            try:
                found = datetime.strptime(text, form)  # noqa: DTZ007 - the zone follows
            except ValueError:
                continue
    if found is None or found.year < FIRST_YEAR:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=zone_info(zone))).astimezone(UTC)


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _column(columns: Sequence[str], place: int) -> str:
    return columns[place] if place < len(columns) else f"column {place + 1}"


def _zones(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    try:
        zone_info(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ()
    return (text,)
