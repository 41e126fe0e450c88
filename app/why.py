"""Why a hit stands where it does, for people: its relevance, its reasons with their shares, the query's words marked."""

from collections.abc import Sequence

from app.plain import as_html
from search import Hit, Reason

__all__ = ["RELEVANCE_HELP", "marked", "reason_bar", "reason_line", "reason_list"]

RELEVANCE_HELP = (
    "How likely this is what you asked for, judged against how close items come that have nothing to do with it. "
    "From 50% on it is taken to fit."
)
_CLASSES = {
    "meaning": "meaning",
    "words": "words",
    "words in the picture": "ocr",
    "name": "name",
    "phrase": "phrase",
}


def marked(text: str, marks: Sequence[tuple[int, int]]) -> str:
    """HTML of a text with the query's words in <mark>, everything escaped.

    >>> marked("<b> cats", [(4, 8)])
    '&lt;b&gt; <mark>cats</mark>'
    """
    parts, at = [], 0
    for begin, end in marks:
        parts += [as_html(text[at:begin]), "<mark>", as_html(text[begin:end]), "</mark>"]
        at = end
    return "".join([*parts, as_html(text[at:])])


def reason_bar(hit: Hit) -> str:
    """HTML: a bar as long as the hit is relevant, divided by the shares of its reasons."""
    pieces = "".join(
        f'<i class="sb-r-{_class(reason)}" style="width:{100 * hit.relevance * reason.share:.1f}%"></i>'
        for reason in hit.reasons
    )
    return f'<div class="sb-bar" aria-hidden="true">{pieces}</div>'


def reason_line(hit: Hit) -> str:
    """HTML: the reasons in one line, shares behind them where there are several."""
    if len(hit.reasons) == 1:
        only = hit.reasons[0]
        return f'<p class="sb-why" title="{as_html(only.text)}">{_dot(only)}by {_short(only)} alone</p>'
    told = " ".join(
        f'<span title="{as_html(reason.text)}">{_dot(reason)}{_short(reason)} {reason.share:.0%}</span>'
        for reason in hit.reasons
    )
    return f'<p class="sb-why">{told}</p>' if told else ""


def reason_list(hit: Hit) -> str:
    """HTML: each reason with its share as a bar, for the open hit."""
    rows = "".join(
        f"<li><span>{_dot(reason)}{as_html(reason.text)}</span><b>{reason.share:.0%}</b>"
        f'<div class="sb-bar"><i class="sb-r-{_class(reason)}" style="width:{100 * reason.share:.0f}%"></i></div></li>'
        for reason in hit.reasons
    )
    return f'<ul class="sb-reasons" aria-label="Why">{rows}</ul>' if rows else ""


def _class(reason: Reason) -> str:
    return _CLASSES.get(reason.signal, "other")


def _dot(reason: Reason) -> str:
    return f'<i class="sb-dot sb-r-{_class(reason)}"></i>'


def _short(reason: Reason) -> str:
    return as_html(reason.signal)
