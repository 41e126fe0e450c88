"""A quiet question beside an open hit: does it fit what was asked? The answer is kept in the library, for training."""

import hashlib

import streamlit as st

from app import address
from app.address import Question
from encoders.training.pairs import Refused
from indexer.feedback import Asked, FeedbackLog
from indexer.pairs import item_content
from search import Hit, SearchLibrary

__all__ = ["asked_with", "show_judgement"]

_VERDICTS = {1: ":material/thumb_up: Fits", -1: ":material/thumb_down: Does not fit"}
_HELP = (
    "Say whether this hit fits what you asked. It is kept in your library on this machine: the next list for this question "
    "takes it into account, and your own model can learn from it. Click the same answer again to take it back."
)


def show_judgement(library: SearchLibrary, hit: Hit) -> None:
    """Draw the question, with what was answered before; record what is answered now. Raises LibraryError if it cannot."""
    question = address.read()
    log = FeedbackLog(library)
    asked = asked_with(library, log, question)
    if asked is None:
        return
    before = log.verdicts(asked).get(hit.id, 0)
    about = hashlib.sha256(f"{asked.text} {asked.picture}".encode("utf-8", "replace")).hexdigest()[:16]
    answer = st.segmented_control(
        "Does it fit?",
        list(_VERDICTS),
        default=before or None,
        format_func=lambda verdict: _VERDICTS[verdict],
        key=f"judge-{hit.id}-{about}",  # another question has another answer
        help=_HELP,
    )
    now = answer or 0
    if now != before:
        if question.picture is not None:
            log.keep_picture(*question.picture)
        library.judge(asked, hit, now)
    if now:
        st.caption("Taken into account: the list is ranked anew when you close this.")


def asked_with(library: SearchLibrary, log: FeedbackLog, question: Question) -> Asked | None:
    """The question as it can be recorded; None for one that cannot (nothing, a hit that is gone, or with unwanted terms)."""
    if question.picture_weight < 0 or not all(extra.wanted and extra.what == "words" for extra in question.extras):
        return None
    text = " ".join(filter(None, [question.text, *(extra.value for extra in question.extras)]))
    if question.like and not question.extras:
        found = library.store.retrieve([question.like])
        content = item_content(found[0].payload) if found else None
        if content is None or isinstance(content, Refused):
            return None
        return Asked(text=content) if isinstance(content, str) else Asked(picture=content)
    picture = log.picture_file(*question.picture) if question.picture else None
    return Asked(text or None, picture) if (text or picture) and not question.like else None
