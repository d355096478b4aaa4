"""An upload → the audits in it. Total: no bytes raise, and the time is linear in their number."""

from msgspec.structs import replace

from vending.uploads.dex.audit import Audit, Checksum, Segment
from vending.uploads.dex.checksum import Running
from vending.uploads.dex.draft import Draft
from vending.uploads.dex.fields import Fields
from vending.uploads.dex.lines import Line, is_name, lines_of, segment_of, text_of
from vending.uploads.dex.readers import OFTEN, ONCE
from vending.uploads.dex.told import Told, cited

MOST_REPORTS = 100
FRAME = ("DXS", "ST", "G85", "SE", "DXE")
"""What stands around a report; all of it may be missing."""


def parse(data: bytes | str) -> Audit:
    """The first audit of an upload: bytes as they came, or text. Where there are more, it tells so."""
    return parse_all(data)[0]


def parse_all(data: bytes | str) -> tuple[Audit, ...]:
    """All audits of an upload, at least one: of an upload that is none, an empty one that tells so."""
    told = Told()
    audits: list[Audit] = []
    report = _Report(told)
    for line in lines_of(data, told):
        segment = report.segment(line)
        if segment is None:
            continue
        if report.is_followed_by(segment.name):
            if len(audits) + 1 == MOST_REPORTS:
                report.told(line.number, "too-long", f"{MOST_REPORTS} reports are read, no more")
                break
            report.told(line.number, "another-report", "another report begins here; it is read by itself")
            audits.append(report.audit())
            report = _Report(Told())
        report.take(line, segment)
    return (*audits, report.audit())


class _Report:
    """One report, line by line."""

    def __init__(self, told: Told) -> None:
        self.told = told
        self._draft = Draft()
        self._seen: set[str] = set()
        self._unread: list[Segment] = []
        self._understood = self._count = self._last = 0
        self._sum: Running | None = None
        self._checksum = Checksum()

    @property
    def _open(self) -> bool:
        """Whether a report has begun and not ended: outside it, a gateway may have written anything."""
        return bool(self._understood or "ST" in self._seen) and "DXE" not in self._seen

    def segment(self, line: Line) -> Segment | None:
        """The line as a segment; None for a blank one."""
        text = text_of(line, self.told)
        if not text:
            if self._open:
                self.told(line.number, "blank-line", "left out")
                self._add(line.raw)
            return None
        start = -1 if self._open else text.upper().find("DXS*")
        if start > 0:
            self.told(line.number, "wrapper", f"{cited(text[:start])} before DXS")
            text = text[start:]
        return segment_of(line.number, text, self.told)

    def is_followed_by(self, name: str) -> bool:
        """Whether a segment of this name is the first of another report."""
        begun = name == "DXS" and self._open
        return begun or (name in ("DXS", "ST") and not self._seen.isdisjoint((name, "DXE")))

    def take(self, line: Line, segment: Segment) -> None:
        """The next segment."""
        name = segment.name
        self._last = line.number
        if self._outside(segment) or self._is_cut(line, name):
            self._unread.append(segment)
            return
        if name == "ST":
            self._sum, self._count = Running(), 0
        elif self._sum is None and name != "DXS":
            self._sum = Running()
        if name in FRAME:
            self._frame(segment)
        elif "SE" in self._seen:
            self.told(line.number, "after-end", f"{name} after SE")
        self._count += 1
        self._add(line.raw.lstrip(b" ") if name == "ST" else line.raw)
        self._read(segment)

    def audit(self) -> Audit:
        """The audit, and what it lacks."""
        if not self._understood:
            self.told(self._last or 1, "no-audit", "not one segment of an audit was understood")
        else:
            for name in FRAME:
                if name not in self._seen:
                    self.told(self._last, "missing-segment", f"no {name}")
        return replace(
            self._draft.audit(),
            checksum=self._checksum,
            understood=self._understood,
            tolerances=self.told.all(),
            unread=tuple(self._unread),
        )

    def _outside(self, segment: Segment) -> bool:
        """Whether it is something that a gateway wrote before or behind the report."""
        known = segment.name in FRAME or segment.name in ONCE or segment.name in OFTEN
        if self._open or (known and "DXE" not in self._seen):
            return False
        self.told(segment.line, "wrapper", f"{cited(segment.name)} outside the report")
        return True

    def _is_cut(self, line: Line, name: str) -> bool:
        """Whether the upload ends in this line, so that its last number may lack digits."""
        if not line.cut:
            return False
        whole = name in ("SE", "DXE")
        said = "no line end" if whole else "the upload ends inside this line, so nothing of it is claimed"
        self.told(line.number, "last-line", said)
        return not whole

    def _frame(self, segment: Segment) -> None:
        fields = Fields(segment, self.told)
        if segment.name == "G85" and "G85" not in self._seen and (sent := fields.sent(1)):
            if sent != sent.upper():
                self.told(segment.line, "lower-case", f"G85: {cited(sent)}")
            self._checksum = (self._sum or Running()).judge(sent)
            if self._checksum.verdict == "wrong":
                said = f"G85 says {cited(sent)}, the lines make {self._checksum.computed}"
                self.told(segment.line, "wrong-checksum", said)
        if segment.name == "SE" and "ST" in self._seen:
            [said_count] = fields.numbers(1)
            if said_count is not None and said_count != self._count + 1:
                found = f"SE says {said_count} segments from ST to SE, there are {self._count + 1}"
                self.told(segment.line, "segment-count", found)

    def _read(self, segment: Segment) -> None:
        name = segment.name
        reader = ONCE.get(name) or OFTEN.get(name)
        if name in self._seen and (name in ONCE or name in FRAME):
            self.told(segment.line, "repeated-segment", f"a second {name}; the first one counts")
            self._unread.append(segment)
            return
        self._seen.add(name)
        if reader is None:
            if name in FRAME:
                return
            if not is_name(name):
                self.told(segment.line, "segment-name", f"{cited(name)} is no segment's name")
            self._unread.append(segment)
            return
        fields = Fields(segment, self.told)
        if not reader(fields, self._draft, self.told):
            self._unread.append(segment)
            return
        self._understood += 1
        if rest := fields.beyond():
            self._unread.append(rest)

    def _add(self, raw: bytes) -> None:
        """To the checksum, until G85."""
        if self._sum is not None and "G85" not in self._seen:
            self._sum.take(raw)
