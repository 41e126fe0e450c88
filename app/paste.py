"""What the page itself hands over: pictures pasted or dropped anywhere, hits dragged up. "/" reaches the box."""

import base64
import binascii
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

__all__ = ["Sent", "sent_from_page"]

_MOST_BYTES = 30_000_000

_SCRIPT = r"""
export default function({ setTriggerValue }) {
  const side = 1024;
  const asUrl = (blob) => new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = fail;
    reader.readAsDataURL(blob);
  });
  const send = async (file) => {
    let url;
    try {
      const bitmap = await createImageBitmap(file);
      const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(bitmap.width * scale));
      canvas.height = Math.max(1, Math.round(bitmap.height * scale));
      const pen = canvas.getContext("2d");
      pen.fillStyle = "white";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      url = canvas.toDataURL("image/jpeg", 0.92);
    } catch (error) {  // a format that the browser does not know: the server may
      if (file.size > 20000000) return;
      url = await asUrl(file);
    }
    setTriggerValue("picture", { name: file.name || "pasted picture", data: url.slice(url.indexOf(",") + 1) });
  };
  const picture = (transfer) =>
    [...(transfer ? transfer.files : [])].find((file) => file.type.startsWith("image/"));
  const onPaste = (event) => {
    const file = picture(event.clipboardData);
    if (file) { event.preventDefault(); send(file); }
  };
  const own = (event) => event.target.closest && event.target.closest('[data-testid="stFileUploaderDropzone"]');
  const hitType = "application/x-skybridge-hit";
  const cardAt = (event) => event.target.closest && event.target.closest(".sb-hit");
  const topAt = (event) =>
    event.target.closest && event.target.closest(".st-key-search_line, .st-key-chips, .st-key-top_line");
  const lit = (on) => document.body.classList.toggle("sb-dragging", on);
  const onStart = (event) => {
    const card = cardAt(event);
    if (!card) return;
    event.dataTransfer.setData(hitType, card.dataset.value);
    event.dataTransfer.effectAllowed = "copy";
    const picture = card.querySelector(".sb-pic");
    if (picture) event.dataTransfer.setDragImage(picture, 20, 20);
    lit(true);
  };
  const onEnd = () => lit(false);
  const onOver = (event) => {
    const types = [...event.dataTransfer.types];
    if ((types.includes(hitType) && topAt(event)) || (!own(event) && types.includes("Files"))) event.preventDefault();
  };
  const onDrop = (event) => {
    lit(false);
    const hit = event.dataTransfer.getData(hitType);
    if (hit && topAt(event)) { event.preventDefault(); setTriggerValue("hit", hit); return; }
    const file = picture(event.dataTransfer);
    if (!own(event) && file) { event.preventDefault(); send(file); }
  };
  const onKey = (event) => {
    const at = document.activeElement;
    const typing = at && (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName));
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const box = document.querySelector('.st-key-search_line input');
      if (box) { event.preventDefault(); box.focus(); box.select(); }
    }
  };
  const ears = [["paste", onPaste], ["dragover", onOver], ["drop", onDrop], ["keydown", onKey],
    ["dragstart", onStart], ["dragend", onEnd]];
  ears.forEach(([name, ear]) => document.addEventListener(name, ear));
  return () => ears.forEach(([name, ear]) => document.removeEventListener(name, ear));
}
"""


@st.cache_resource(show_spinner=False)
def _listener() -> Callable[..., Any]:
    return st.components.v2.component("skybridge_paste", js=_SCRIPT)


@dataclass(frozen=True)
class Sent:
    """One of the two."""

    picture: tuple[str, bytes] | None = None  # name, bytes of the file
    hit: str | None = None  # id


def sent_from_page() -> Sent | None:
    """What was pasted, dropped or dragged up just now, if anything."""
    result = _listener()(key="paste", on_picture_change=lambda: None, on_hit_change=lambda: None) or {}
    hit, picture = result.get("hit"), result.get("picture")
    if isinstance(hit, str):
        try:
            return Sent(hit=str(uuid.UUID(hit)))
        except ValueError:
            return None
    if not isinstance(picture, dict) or not isinstance(picture.get("data"), str) or len(picture["data"]) > _MOST_BYTES:
        return None
    try:
        return Sent((str(picture.get("name"))[:80], base64.b64decode(picture["data"], validate=True)))
    except binascii.Error:
        return None
