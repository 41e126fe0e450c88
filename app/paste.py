"""Pictures that are pasted or dropped anywhere on the page, and "/" to reach the search box."""

import base64
import binascii
from collections.abc import Callable
from typing import Any

import streamlit as st

__all__ = ["pasted_picture"]

_MOST_BYTES = 30_000_000

_SCRIPT = """
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
  const onOver = (event) => {
    if (!own(event) && [...event.dataTransfer.types].includes("Files")) event.preventDefault();
  };
  const onDrop = (event) => {
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
  const ears = [["paste", onPaste], ["dragover", onOver], ["drop", onDrop], ["keydown", onKey]];
  ears.forEach(([name, ear]) => document.addEventListener(name, ear));
  return () => ears.forEach(([name, ear]) => document.removeEventListener(name, ear));
}
"""


@st.cache_resource(show_spinner=False)
def _listener() -> Callable[..., Any]:
    return st.components.v2.component("skybridge_paste", js=_SCRIPT)


def pasted_picture() -> tuple[str, bytes] | None:
    """(name, bytes) of a picture that was pasted or dropped just now, else None."""
    result = _listener()(key="paste", on_picture_change=lambda: None)
    sent = result.get("picture") if result else None
    if not isinstance(sent, dict) or not isinstance(sent.get("data"), str) or len(sent["data"]) > _MOST_BYTES:
        return None
    try:
        return str(sent.get("name"))[:80], base64.b64decode(sent["data"], validate=True)
    except binascii.Error:
        return None
