"""How pages announce a comment: author lines, dates, the words of buttons, in the languages of the web."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_NAME = 60

_SAYS = re.compile(
    r"^(?P<author>.{0,80}?)\s*\b(?:says?|said|wrote|writes|commented|replied|sagte?|schreibt|schrieb|"
    r"meint|dit|"
    r"a dit|écrit|a écrit|dice|dijo|escribió|ha detto|ha scritto|scrive|scrisse|disse|diz|escreveu|zegt|"
    r"schreef|"
    r"skriver|skrev|säger|sier|siger|mówi|pisze|napisał(?:\(a\)|a)?|говорит|пишет|сказал|написал|dedi ki|"
    r"diyor ki|yazdı)"
    r"\s*:\s*$"
    # Blogger sets dots.
    r"|^(?P<blogger>(?:\S+ ){1,5})(?:said|hat gesagt|a dit|dijo|ha detto|disse|zei)\s?(?:…|\.{3})$",
    re.IGNORECASE,
)
_MONTH = (
    r"(?:jan|ian|feb|fév|fev|mar|mär|már|maa|mrt|apr|ápr|avr|abr|may|mai|maj|máj|mei|maio|mag|jun|iun|jún|jui|giu|"
    r"haz|czer|jul|iul|júl|juil|lug|lip|tem|aug|aoû|ago|ağu|sie|sep|set|sze|wrz|eyl|oct|okt|ott|out|eki|paź|nov|noi|"
    r"kas|lis|dec|dez|déc|dic|des|dzie|ara|gru|ene|gen|sty|oca|lut|şub|kwi|nis|"
    r"tammi|helmi|huhti|touko|kesä|heinä|elo|syys|loka|marras|joulu|"
    r"led|úno|bře|dub|kvě|čer|srp|zář|říj|pro|"
    r"ιαν|φεβ|μαρ|απρ|μαΐ|μαϊ|ιουν|ιουλ|αυγ|σεπ|οκτ|νοε|δεκ|"
    r"янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|"
    r"січ|лют|бер|кві|тра|чер|лип|сер|вер|жов|лис|гру)[^\W\d_]{0,9}\.?"
)
# A name and its date may have lost the space between them: "Ann BergerMay 3, 2019", "luise774 May 2019".
_BEGIN = r"(?:\b|(?:(?<=[^\W\d_])|(?<=[^\W\d_]\d)|(?<=[^\W\d_]\d\d))(?=[A-Z0-9]))"
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_DATE = re.compile(
    rf"{_BEGIN}(?i:{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:de\s+)?\d{{4}}"
    rf"|{_DAY}(?:st|nd|rd|th)?\.?\s+(?:de\s+|of\s+)?{_MONTH},?\s+(?:de\s+)?\d{{4}}"
    rf"|\d{{4}}[-/.]\d{{1,2}}[-/.]{_DAY}|{_DAY}[-/.]{_DAY}[-/.]\d{{2,4}}"
    r"|\d{4}\s?[年년]\s?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일])(?:(?![^\W年月日])|(?=[A-ZÀ-Þ](?!\d)))"
    rf"|{_BEGIN}(?i:(?:\d+|an?|one|few)\s+(?:second|minute|min|hour|hr|day|week|month|mo|year|yr)s?\s+ago\b"
    r"|vor\s+\w+\s+(?:Sekunde|Minute|Stunde|Tag|Woche|Monat|Jahr)\w*"
    r"|il y a\s+\w+\s+\w+|hace\s+\w+\s+\w+|há\s+\w+\s+\w+|\d+\s+\w+\s+(?:fa|geleden|sedan|temu|назад|önce)\b)"
)
_BESIDE_DATE = re.compile(
    r"\b(?:at|on|um|à|às|a las|le|el|il|alle|ore|om|kl|klo|uhr|am|pm|a\.m|p\.m|h|min|utc|gmt|cet|cest|est|"
    r"pst|в|о|v|o|saat|posted|edited|"
    r"permalink|link|reply|antworten|répondre|responder|rispondi|zitieren|quote|edit|said|wrote)\b\.?"
    r"|\d{1,2}[:.h]\d{2}(?::\d{2})?|\d{1,2} h(?: \d{2})?|[#|·•,–—:()\[\]/\-\s]|\d{1,3}$",
    re.IGNORECASE,
)
_BUTTON = re.compile(
    r"^(?:reply|reply to [^.,!?]{1,40}|replies|antworten|auf .{1,50} antworten|répondre|répondre à .{1,50}|"
    r"responder|"
    r"responder a .{1,50}|rispondi|beantwoorden|beantworten|svara?|odpowiedz|ответить|yanıtla|返信|回复|"
    r"log ?in to (?:reply|leave a (?:comment|reply)|comment)|sign in to (?:reply|comment)|"
    r"leave a (?:reply|comment).{0,30}|cancel (?:comment )?reply|like|likes|like this|liked by .{1,80}|"
    r"dislike|"
    r"loading(?:…|\.\.\.)|wird geladen ?(?:…|\.\.\.)|gefällt mir|j’aime|me gusta|mi piace|share|share ›|"
    r"teilen|"
    r"permalink|link|edit|delete|report|report abuse|report comment|flag|flag as inappropriate|quote|"
    r"zitieren|"
    r"melden|see more|show more|read more|load more|show more replies|view repl(?:y|ies)|"
    r"view \d+ repl(?:y|ies)|"
    r"hide replies|up ?vote|down ?vote|vote(?: up| down)?|"
    r"[+\-−±]{0,2}\d{1,6}[+\-−±]{0,2}(?: (?:likes?|votes?|points?|replies))?|"
    r"\d (?:stars?|out of \d stars?)|[▲▼△▽↑↓∧∨👍👎❤♥⋮…›»|·•\s]+|comment link|copy link|avatar|gravatar|"
    r"\[?image\]?|post comment|"
    r"your comment is awaiting moderation\.?|this comment (?:was|has been) edited.{0,30})$",
    re.IGNORECASE,
)
_WORDS = (
    r"reply|replies|antworten|répondre|responder|rispondi|beantwoorden|reageren|reageer|svara?|odpowiedz|ответить|"
    r"yanıtla|vastaa|odpovědět|válasz|răspunde|απάντηση|like|likes|dislike|share|teilen|partager|compartir|"
    r"condividi|delen|dela|udostępnij|поделиться|permalink|link|edit|delete|löschen|supprimer|eliminar|elimina|"
    r"report|melden|signaler|denunciar|segnala|flag|quote|zitieren|citer|citar|cita|copy|save|follow|up|down|"
    r"upvote|downvote|vote|points?|votes?|show|hide|parent|context|load|more|"
    r"gefällt mir|j’aime|me gusta|mi piace|vind ik leuk|gilla|lubię to|нравится|[▲▼△▽↑↓∧∨👍👎❤♥⋮…›»]"
)
_BUTTONS = re.compile(rf"^(?:(?:{_WORDS}|[+-]?\d{{1,6}})[\s·|•,/()\[\]-]*){{2,12}}$", re.IGNORECASE)
_PICTURE_WORD = re.compile(
    r"^(?:avatar|gravatar|profile (?:picture|image|photo)|profilbild|user avatar|image|icon)$",
    re.IGNORECASE,
)
_END = re.compile(
    r"^(?:leave a (?:reply|comment|response)|post a (?:reply|comment)|add (?:a|your) comment|write a comment|"
    r"join the (?:discussion|conversation)|cancel (?:comment )?reply|comment navigation|post navigation|"
    r"(?:older|newer|previous|next) comments?\b|← older|comments are closed|"
    r"your email address will not be published|"
    r"you must be logged in|save my name, email|notify me of|this site uses akismet|related (?:posts|"
    r"articles)|"
    r"(?:schreibe|hinterlasse|hinterlassen sie) (?:uns )?einen? kommentar|kommentar (?:verfassen|schreiben)|"
    r"kommentare? sind geschlossen|diese (?:website|seite) verwendet akismet|deine e-mail-adresse wird|"
    r"laisser un commentaire|votre adresse e-mail|deja (?:un comentario|una respuesta)|lascia un commento|"
    r"geef een reactie|laat een reactie achter|je e-mailadres wordt|dodaj komentarz|twój adres e-?mail|"
    r"deixe (?:um comentário|uma resposta)|o seu endereço de e-?mail|lämna ett svar|din e-postadress|"
    r"il tuo indirizzo e-?mail|tu dirección de correo|skriv (?:et|en) (?:kommentar|svar)|legg igjen|"
    r"napsat komentář|vaše e-mailová adresa|bir (?:yanıt|cevap) yazın|e-posta (?:adresiniz|hesabınız)|"
    r"jätä kommentti|sähköpostiosoitettasi|hozzászólás írása|az e-mail[- ]cím|lasă un răspuns|"
    r"adresa ta de email|"
    r"αφήστε μια απάντηση|добавить комментарий|ваш адрес e-?mail|залишити відповідь|ваша e-mail|"
    r"コメントを残す|メールアドレスが公開|发表(?:回复|评论)|您的(?:邮箱|电子邮箱)地址|"
    r"để lại một bình luận|tinggalkan (?:sebuah )?(?:balasan|komentar)|"
    r"beitrags-?navigation|copyright\b|©|\(c\) ?\d{4}|.{0,60}all rights reserved|"
    r"powered by\b|subscribe to|antworten abbrechen)",
    re.IGNORECASE,
)
_HEADING = re.compile(
    r"^\W*(?:this post has )?(?:\(?\d[\d.,]*\)?|one|no|ein|une?)?\s*"
    r"(?:comments?|responses?|replies|thoughts|kommentare?|antworten|commentaires?|réponses|comentarios|"
    r"respuestas|"
    r"commenti|comentários|reacties|komentarz[ey]|комментари\w+)\b.{0,100}$",
    re.IGNORECASE,
)
_PINGBACK = re.compile(
    r"^(?:ping|track)back(?:\s+(?:by|from|von))?\s*:?\s+(?P<title>.*)$", re.IGNORECASE | re.DOTALL
)
_IMAGE = re.compile(r"^(?:!?\[[^\]]{0,60}\](?:\([^)]*\))?\s*)+")
_PICTURE = re.compile(r"!\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\((?:[^()\s]|\([^()]*\))*(?:\s+\"[^\"]*\")?\)")
_HEADING_MARK = re.compile(r"^#{1,6} +")
_AVATAR = re.compile(
    r"^(?:avatar(?: (?:for|of|von|de))?|gravatar|photo of|image of|picture of|profilbild von|"
    r"profile picture(?: of)?|"
    r"user avatar|foto de|photo de)\s+(?=\S)",
    re.IGNORECASE,
)
_ADDRESSEE = re.compile(
    r"^(?:in reply to|in response to|replying to|reply to|antwort (?:an|auf)|als antwort auf|en réponse à|"
    r"en respuesta a|respondiendo a|in risposta a|em resposta a|als reactie op|als antwoord op|svar till|"
    r"w odpowiedzi na|в ответ на)\s+[^\s!?:][^!?:]{0,80}(?<!\w{4}\.)$",
    re.IGNORECASE,
)
LONGEST_ADDRESSEE = 100
_REPLY = re.compile(
    r"\b(?:reply|antworten|répondre|responder|rispondi|beantwoorden|reageren|svara?|odpowiedz|ответить|yanıtla)\b",
    re.IGNORECASE,
)
_NO_YEAR = re.compile(
    rf"(?:(?<=\s)|^)(?i:{_MONTH} {_DAY}|{_DAY}\.? {_MONTH}"
    r"|\d{1,3} ?(?:min|h|hr|d|w|wk|mo|y|yr|std|tg|sem)\.?)"
    r"(?: ?['’]\d\d)?(?=$|\s*[|·•(]|\s+(?:Liked by|Edited|edited|Author)\b)"
)
_SENTENCE = re.compile(r"[.!?…:;,]$")


@dataclass(frozen=True, slots=True)
class Head:
    """What the first lines of a comment say.

    Parameters
    ----------
    author : str or None
        The name, without avatar, date and `says:`.
    rest : str
        What the line holds beside: text, where it is no author line at all.
    strong : bool
        True where the line can be nothing but the head of a comment: it says `says:` or bears a date.
    """

    author: str | None
    rest: str
    strong: bool


def read_head(line: str) -> Head:
    """Return what a line says that may be the head of a comment."""
    line = plain(line)
    if says := _SAYS.match(line):
        return Head(plain(says["author"] or says["blogger"] or "") or None, "", True)
    if date := _DATE.search(line):
        name = line[: date.start()].strip(" -–—|·•,:(\t")
        behind = _BESIDE_DATE.sub("", _DATE.sub("", line[date.start() :]))
        if not behind.strip() and len(name) <= 200:
            name = re.sub(r"\s+(?:on|at|am|um|le|el|says|said|wrote|commented)$", "", name)
            return Head(name or None, "", True)
    if line and len(line) <= LONGEST_NAME and not is_sentence(line):
        return Head(line, "", False)
    return Head(None, line, False)


def plain(line: str) -> str:
    """Return a head line without images, avatars, the addresses of links, marks of emphasis and headings."""
    line = _HEADING_MARK.sub("", _LINK.sub(r"\1", line.strip()))
    line = _AVATAR.sub("", _IMAGE.sub("", line).strip())
    line = re.sub(r"^([*_]{1,3})(.+?)\1(?=\W|$)", r"\2", line).strip()
    return "" if _PICTURE_WORD.match(line) else line


def without_images(line: str) -> str:
    """Return a line of text with what stands for its images in place of their addresses."""
    return _PICTURE.sub(r"\1", line) if "![" in line else line


def is_sentence(text: str) -> bool:
    """Return True for what reads as a sentence, not as a name."""
    words = len(text.split())
    return words > 8 or (words > 3 and _SENTENCE.search(text) is not None)


def is_name(line: str) -> bool:
    """Return True for a line that may be a name, in Markdown perhaps a heading."""
    line = plain(line)
    return bool(read_head(line).author) and len(line) <= LONGEST_NAME and not is_button(line)


def is_date(line: str) -> bool:
    """Return True for a line that is a date and nothing else."""
    line = _LINK.sub(r"\1", line).strip()
    if len(line) > 80 or not _DATE.search(line):
        return False
    return not _BESIDE_DATE.sub("", _DATE.sub("", line)).strip()


def dated(line: str) -> bool:
    """Return True for a line with a date in it."""
    return _DATE.search(line) is not None


def with_years(lines: Sequence[str]) -> list[str]:
    """Return lines with dates that have no year, or are as short as `5d`, written so that they are seen."""
    return [
        _NO_YEAR.sub("1 May 2000", line, count=1) if len(line) <= 100 and not dated(line) else line
        for line in lines
    ]


def is_addressee(line: str) -> bool:
    """Return True for a line that says whom a comment answers, where the page sets it above the text."""
    return len(line) <= LONGEST_ADDRESSEE and _ADDRESSEE.match(plain(line)) is not None


def answers(line: str) -> bool:
    """Return True for buttons of which one is to reply."""
    return len(line) <= 80 and _REPLY.search(line) is not None and is_button(line)


def mark_date(line: str, mark: str) -> str:
    """Return a line with a mark in the place of its first date."""
    return _DATE.sub(mark, line, count=1)


def is_says(line: str) -> bool:
    """Return True for `says:` alone or behind a name."""
    return _SAYS.match(plain(line)) is not None


def is_button(line: str) -> bool:
    """Return True for the words of a button, a vote count, a notice: nothing that a person wrote."""
    line = _LINK.sub(r"\1", line).strip().strip("[]()*_ ")
    if _BUTTON.match(line):
        return True
    # Several in a row; a row of numbers alone is a text.
    return len(line) <= 80 and _BUTTONS.match(line) is not None and not line.replace(" ", "").isdigit()


def ends_comments(line: str) -> bool:
    """Return True for a line that stands below all comments: the form, the navigation, the footer."""
    return _END.match(line.strip().lstrip("#*[ ").strip()) is not None


def is_heading(line: str) -> bool:
    """Return True for the heading of the comments: `12 Responses to …`."""
    return len(line) <= 120 and _HEADING.match(line.strip().strip("#*_ ")) is not None


def above_heading(lines: Sequence[str], headings: Sequence[int], places: Sequence[int]) -> int:
    """Return how many comments stand above the last heading that has most of them below it, or 0.

    Others stand further down: those of articles that the page counts the comments of.

    Parameters
    ----------
    lines : sequence of str
    headings : sequence of int
        Lines that may be one, ascending.
    places : sequence of int
        Where each comment begins, ascending.
    """
    for number in reversed(headings):
        if is_heading(lines[number]) and not is_button(lines[number].strip(" >")):
            above = bisect_right(places, number)
            if 2 * above <= len(places):
                return above
    return 0


def pingback(line: str) -> str | None:
    """Return the title that a pingback names, or None for anything else."""
    found = _PINGBACK.match(plain(line))
    return re.sub(r"\(\)$", "", found["title"].strip()) if found else None
