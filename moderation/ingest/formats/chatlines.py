"""How an exported chat writes the beginning of a message, files, notices and deletions, by language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

Order = Literal["day", "month", "year"]

_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_DIGITS = {ord(digit): str(place % 10) for place, digit in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹०१२३४५६७८९")}
_SPACES = {ord(space): " " for space in "\u00a0\u202f\u2009\u3000"}
_HALF = (
    r"a\.? ?m\.?|p\.? ?m\.?|上午|下午|凌晨|早上|中午|晚上|午前|午後|오전|오후|ص|م|"
    r"पूर्वाह्न|अपराह्न|öö|ös|de\.|du\.|πμ|μμ|f\.?m\.?|e\.?m\.?|SA|CH"
)
_START = re.compile(
    r"^\[?(?P<date>\d{1,4}(?:[./-]|\. |年|년 )\d{1,2}(?:[./-]|\. |月|월 )\d{1,4}(?:日|일|\.(?= )| ?г\.)?)"
    r"(?:,| à| klo| kl\.?| a las| um| às| alle| om| v|،)? ?"
    rf"(?P<before>{_HALF})? ?(?P<clock>\d{{1,2}}[:.]\d{{2}}(?:[:.]\d{{2}})?) ?(?P<after>{_HALF})?"
    r"(?: Uhr| h)?(?P<mark>\] | [-–] |, (?=\S[^:\n]{0,80} : ))(?P<rest>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_AUTHOR = re.compile(r"^(?P<author>[^:\n]{1,80}?) ?: ?(?P<text>.*)$", re.DOTALL)
_LATE = re.compile(r"p|下午|晚上|午後|오후|م|अपराह्न|ös|du|μμ|e|CH", re.IGNORECASE)
_EDITED = re.compile(
    r"\s*\u200e?<(?:this message was edited|diese nachricht wurde bearbeitet|nachricht bearbeitet|"
    r"se editó este mensaje\.?|ce message a été modifié|mensagem editada|questo messaggio è stato modificato|"
    r"bericht bewerkt|meddelandet redigerades|edytowano)>\s*$",
    re.IGNORECASE,
)
_DELETED = re.compile(
    r"^(?:this message was deleted|you deleted this message|this message was deleted by admin .{0,60}|"
    r"diese nachricht wurde gelöscht|du hast diese nachricht gelöscht|"
    r"(?:se )?eliminó este mensaje|(?:se )?eliminaste este mensaje|se eliminó este mensaje|"
    r"ce message a été supprimé|vous avez supprimé ce message|mensagem apagada|"
    r"você apagou esta mensagem|esta mensagem foi apagada|questo messaggio è stato eliminato|"
    r"hai eliminato questo messaggio|dit bericht is verwijderd|u hebt dit bericht verwijderd|"
    r"bu mesaj silindi|bu mesajı sildiniz|сообщение удалено|данное сообщение удалено|"
    r"вы удалили данное сообщение|"
    r"ta wiadomość została usunięta|usunięto tę wiadomość)\.?$",
    re.IGNORECASE,
)
_OMITTED = re.compile(
    r"^<(?:media omitted|medien ausgeschlossen|multimedia omitido|médias omis|mídia oculta|"
    r"arquivo de mídia oculto|media weggelaten|media omessi|medya dahil edilmedi|"
    r"без медиафайлов|pominięto multimedia|bifogad fil utesluten|メディアは含まれていません|省略多媒体文件|"
    r"미디어 파일을 제외한 내보내기|تم استبعاد الوسائط|मीडिया छोड़ा गया)>$"
    r"|^(?P<kind>image|video|audio|sticker|gif|document|contact card|bild|foto|dokument|imagen|imagem|"
    r"afbeelding|immagine|figurinha|vidéo|vídeo|sticker)\s+(?:omitted|weggelassen|omitido|omitida|omesso|"
    r"omessa|absente?|omise?|weggelaten|ocultado|oculto|oculta)$",
    re.IGNORECASE,
)
_ATTACHED = re.compile(
    r"^<(?:attached|anhang|adjunto|pièce jointe|anexado|allegato|bijlage|bifogad|ekli|прикреплено|"
    r"załącznik): "
    r"(?P<ios>[^>\n]+)>"
    r"|^(?P<android>[^\n]{1,200}\.\w{2,5}) \((?:file attached|datei angehängt|archivo adjunto|"
    r"fichier joint|arquivo anexado|file allegato|bestand bijgevoegd|bifogad fil|dosya ekli|файл добавлен|"
    r"plik dołączony)\)",
    re.IGNORECASE,
)
_SYSTEM = re.compile(
    r"end-to-end encrypted|ende-zu-ende-verschlüsselt|cifrados? de extremo a extremo|"
    r"chiffrés? de bout en bout|"
    r"criptografia de ponta a ponta|crittografia end-to-end|end-to-end-versleuteld|uçtan uca|"
    r"сквозным шифрованием|"
    r"\b(?:created|changed|left|joined|added|removed)\b.{0,80}$|security code|sicherheitsnummer|"
    r"code de sécurité|"
    r"missed (?:voice|video) call",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Start:
    """The first line of a message: date and clock as written, who wrote it (None: nobody) and its text."""

    date: str
    clock: str
    late: bool | None
    author: str | None
    rest: str


def read_start(line: str) -> Start | None:
    """Return what the first line of a message says, or None for any other line."""
    if len(line) < 12 or not (line[0] in "[" + _MARKS or line[0].isdigit()):
        return None
    bare = line.lstrip(_MARKS)
    # Digits and spaces of other scripts count as ours in the date only: texts stay as they are.
    plain = bare[:60].translate(_DIGITS).translate(_SPACES).translate(dict.fromkeys(map(ord, _MARKS), None))
    found = _START.match(plain)
    bracketed = plain.startswith("[")
    if found is None or bracketed != found["mark"].startswith("]"):
        return None
    if not bracketed and len(re.findall(r"\d+", found["clock"])) > 2:
        # A program's log: only the bracketed notation has seconds.
        return None
    begun = bare[:60]
    skipped, place = 0, 0
    while skipped < found.start("rest") and place < len(begun):
        skipped += begun[place] not in _MARKS
        place += 1
    rest = bare[place:]
    half = found["before"] or found["after"]
    late = None if half is None else bool(_LATE.match(half))
    author = _AUTHOR.match(rest)
    if author is None or "“" in author["author"] or '"' in author["author"]:
        return Start(found["date"], found["clock"], late, None, rest.rstrip("\r"))
    name = author["author"].strip(_MARKS + " ~\u202f")
    return Start(found["date"], found["clock"], late, name or None, author["text"].rstrip("\r"))


def day_order(lines: Sequence[str]) -> Order:
    """Return which number comes first in a chat's dates: the day where nothing shows otherwise.

    A number above twelve decides; else the order in which the dates run forwards, for messages do.
    """
    dates = list(dict.fromkeys(start.date for line in lines if (start := read_start(line))))
    numbers = [[int(part) for part in re.findall(r"\d+", date)] for date in dates]
    parts = [part for part in numbers if len(part) == 3]
    if any(part[0] > 31 for part in parts):
        return "year"
    if any(part[0] > 12 for part in parts):
        return "day"
    if any(part[1] > 12 for part in parts):
        return "month"
    back = {
        "day": _steps_back([(year, month, day) for day, month, year in parts]),
        "month": _steps_back([(year, month, day) for month, day, year in parts]),
    }
    return "month" if back["month"] < back["day"] else "day"


def time_of(start: Start, order: Order) -> str | None:
    """Return the time of a message in ISO 8601, without a zone: the phone's own."""
    one, two, three = (int(part) for part in re.findall(r"\d+", start.date))
    clock = [int(part) for part in re.findall(r"\d+", start.clock)]
    year, month, day = {"year": (one, two, three), "day": (three, two, one), "month": (three, one, two)}[
        order
    ]
    year += 2000 if year < 100 else -543 if year > 2400 else 0
    hour = clock[0]
    if start.late is not None:
        hour = hour % 12 + 12 * start.late if hour <= 12 else hour
    try:
        return (
            datetime(year, month, day) + timedelta(hours=hour, minutes=clock[1], seconds=sum(clock[2:]))
        ).isoformat()
    except (ValueError, OverflowError):
        return None


def is_system(text: str) -> bool:
    """Return True for a notice that an iPhone's export gives a name: it begins with an invisible mark."""
    return text.startswith("\u200e") and _SYSTEM.search(text) is not None


def is_deleted(text: str) -> bool:
    """Return True for what stands in place of a deleted message."""
    return _DELETED.match(text.strip(_MARKS + " ")) is not None


def attachment(text: str) -> tuple[str | None, str]:
    """Return the file that a message brought, and its text: the caption."""
    plain = text.lstrip(_MARKS)
    if found := _ATTACHED.match(plain):
        return (found["ios"] or found["android"]).strip(_MARKS + " "), plain[found.end() :].strip(
            _MARKS + " \n"
        )
    first, _, rest = plain.partition("\n")
    if found := _OMITTED.match(first.strip(_MARKS + " \r")):
        return found["kind"] or "omitted", rest.strip()
    return None, text


def without_edit_mark(text: str) -> tuple[str, bool]:
    """Return a message without the note that it was edited, and whether it had one."""
    shorter = _EDITED.sub("", text)
    return shorter, shorter != text


def _steps_back(dates: Sequence[tuple[int, int, int]]) -> int:
    return sum(later < earlier for earlier, later in pairwise(dates))
