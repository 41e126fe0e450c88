"""Lists of HTML of our own as one element of the page, and which of their buttons was pressed.

A widget of Streamlit's own for each of the hundreds of buttons beside the hits and the counts took the browser longer to draw
than the search took to answer.
"""

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

__all__ = ["Pressed", "button", "show_list"]

_SCRIPT = """
export default function({ data, parentElement, setTriggerValue }) {
  let list = parentElement.querySelector(":scope > div");
  if (!list) {
    list = document.createElement("div");
    parentElement.append(list);
  }
  list.className = data.css;  // at every drawing: another list may have had this place of the page before
  // what has not changed stays where it is: its picture need not be decoded again, and what has the focus keeps it
  const before = new Map([...list.children].map((element) => [element.sbMarkup, element]));
  const make = (markup) => {
    const template = document.createElement("template");
    template.innerHTML = markup;
    const element = template.content.firstElementChild;
    element.sbMarkup = markup;
    return element;
  };
  data.markup.forEach((markup, place) => {
    const element = before.get(markup) || make(markup);
    before.delete(markup);
    if (list.children[place] !== element) list.insertBefore(element, list.children[place] || null);
  });
  while (list.children.length > data.markup.length) list.lastElementChild.remove();
  list.onclick = (event) => {
    const button = event.target.closest("[data-act]");
    if (!button) return;
    const over = button.closest("[popover]");
    if (over) over.hidePopover();
    setTriggerValue("pressed", { act: button.dataset.act, value: button.dataset.value });
  };
}
"""


@dataclass(frozen=True)
class Pressed:
    """A button of a list."""

    act: str
    value: str


@st.cache_resource(show_spinner=False)
def _component() -> Callable[..., Any]:
    return st.components.v2.component("skybridge_list", js=_SCRIPT, isolate_styles=False)


def show_list(key: str, css: str, markup: Sequence[str], acts: Mapping[str, Callable[[str], None]]) -> Pressed | None:
    """Draw elements of HTML in a <div> of the class `css`. Returns the button that was pressed just now, if any.

    `acts` are called with the button's value before the page is drawn again. Each of `markup` is one element.
    """
    result = _component()(key=key, data={"css": css, "markup": list(markup)}, on_pressed_change=partial(_act, key, acts))
    return _pressed(result)


def button(act: str, value: str, inner: str, *, name: str = "", css: str = "sb-act") -> str:
    """HTML of a button. `inner` and `name` are HTML already; `name` is what the button is called where `inner` does not say it.

    `value` is plain text and comes back as it is, whatever signs a folder or a keyword has.
    """
    called = f' title="{name}" aria-label="{name}"' if name else ""
    plain = html.escape(value).replace("\r", "&#13;")  # HTML reads a bare one as the end of a line
    return f'<button type="button" class="{css}" data-act="{act}" data-value="{plain}"{called}>{inner}</button>'


def _act(key: str, acts: Mapping[str, Callable[[str], None]]) -> None:
    pressed = _pressed(st.session_state.get(key))
    if pressed is not None and pressed.act in acts:
        acts[pressed.act](pressed.value)


def _pressed(state: Any) -> Pressed | None:
    sent = (state or {}).get("pressed")
    if not isinstance(sent, dict) or not all(isinstance(sent.get(name), str) for name in ("act", "value")):
        return None
    return Pressed(sent["act"], sent["value"])
