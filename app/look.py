"""The app's own style: little, and only on classes that our container keys make."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["dress", "icon"]

_STYLE = """
<style>
:root { --sb-accent: #1f9488; } /* reads well on light and dark */
.block-container { padding: 4.2rem 1.5rem 5rem; max-width: 1240px; }
[data-testid="stHeader"] { backdrop-filter: blur(8px); }
h1, h2, h3 { letter-spacing: -0.01em; text-wrap: balance; }

/* the search line */
.st-key-search_line input[type="search"] { font-size: 1.15rem; }
.st-key-search_line [data-testid="stTextInput"] { flex: 1 1 18rem; min-width: 0; }
.sb-brand { display: flex; align-items: baseline; gap: .6rem; flex-wrap: wrap; margin: 0 0 .1rem; }
.sb-brand b { font: 600 1.9rem/1.1 "Source Serif", Georgia, serif; letter-spacing: -.02em; }
.sb-soft { opacity: .68; }
.sb-line { font-size: .9rem; opacity: .72; font-variant-numeric: tabular-nums; }

/* the hits */
.sb-hits { --sb-back: var(--st-background-color, Canvas); display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(max(150px, (100% - 3rem) / 4), 1fr)); }
.sb-hits > h2, .sb-hits > p { grid-column: 1 / -1; }
.sb-hit { position: relative; display: flex; flex-direction: column; align-items: flex-start; gap: .35rem; min-width: 0; }
.sb-hit > .sb-card { width: 100%; }
.sb-card { display: flex; flex-direction: column; gap: .4rem; min-width: 0; }
.sb-pic { aspect-ratio: 4 / 3; width: 100%; border-radius: .6rem; overflow: hidden; background: rgba(128,128,128,.13); }
.sb-pic img { width: 100%; height: 100%; object-fit: cover; object-position: 50% 30%; display: block;
  transition: transform .25s ease; }
.sb-hit:hover .sb-pic img { transform: scale(1.03); }
.sb-doc { padding: .9rem 1rem; box-sizing: border-box; display: flex; flex-direction: column; gap: .35rem;
  border-left: 4px solid var(--sb-accent); }
.sb-doc h4 { margin: 0; padding: 0; font: 600 1rem/1.25 "Source Serif", Georgia, serif; overflow-wrap: anywhere;
  display: -webkit-box; -webkit-line-clamp: 2; -webkit-box-orient: vertical; overflow: hidden; flex: none; }
.sb-doc p { margin: 0; font-size: .82rem; line-height: 1.42; opacity: .8; overflow: hidden; overflow-wrap: anywhere; }
.sb-name { display: flex; justify-content: space-between; gap: .5rem; font-size: .9rem; align-items: baseline; }
.sb-name span:first-child { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
.sb-rel { font-variant-numeric: tabular-nums; font-size: .82rem; opacity: .75; white-space: nowrap; }
.sb-bar { display: flex; height: 4px; border-radius: 2px; background: rgba(128,128,128,.22); overflow: hidden; }
.sb-bar i { display: block; height: 100%; flex: none; background: var(--sb-accent); }
.sb-dot { display: inline-block; width: .55em; height: .55em; border-radius: 50%; margin-right: .35em;
  background: var(--sb-accent); }
.sb-bar .sb-r-words, .sb-dot.sb-r-words { background: #d99a2b; }
.sb-bar .sb-r-name, .sb-dot.sb-r-name { background: #5b7fd6; }
.sb-bar .sb-r-ocr, .sb-dot.sb-r-ocr { background: #b96bc6; }
.sb-bar .sb-r-phrase, .sb-dot.sb-r-phrase { background: #d0605e; }
.sb-why, .sb-said { margin: 0 !important; font-size: .78rem; line-height: 1.35; opacity: .8; overflow-wrap: anywhere; }
.sb-why span { display: inline-block; margin-right: .55rem; white-space: nowrap; }
.sb-card mark, .sb-under mark, .sb-passage mark { background: rgba(240, 190, 60, .42); color: inherit;
  border-radius: .2em; padding: 0 .1em; }
.sb-reasons { list-style: none; margin: 0 0 .3rem !important; padding: 0 !important; font-size: .88rem; }
.sb-reasons li { display: grid; grid-template-columns: 1fr auto; gap: .15rem .6rem; margin: 0 0 .45rem !important;
  padding: 0; }
.sb-reasons b { font-weight: 600; font-variant-numeric: tabular-nums; }
.sb-reasons .sb-bar { grid-column: 1 / -1; }
.sb-group { font-size: 1rem; margin: 1rem 0 .2rem; padding: 0; overflow-wrap: anywhere; }

/* what does not fit */
.sb-dim .sb-card { opacity: .62; transition: opacity .2s; }
.sb-dim:hover .sb-card, .sb-dim:focus-within .sb-card { opacity: 1; }

/* a stack */
.sb-stacked .sb-pic { box-shadow: 4px -4px 0 -1px var(--sb-back), 4px -4px 0 0 rgba(128,128,128,.5); }
.sb-stack { width: min(34rem, 92vw); max-height: 76vh; overflow: auto; padding: 1.1rem 1.2rem; border-radius: .8rem;
  border: 1px solid rgba(128,128,128,.35); background: var(--sb-back); color: inherit; overflow-wrap: anywhere; }
.sb-stack::backdrop { background: rgba(0,0,0,.3); }
.sb-stack-rows { display: grid; grid-template-columns: 1fr max-content; gap: .8rem .6rem; align-items: center;
  margin-top: .8rem; }
.sb-under { display: flex; gap: .7rem; align-items: center; font-size: .84rem; line-height: 1.4; }
.sb-under .sb-pic { width: 84px; flex: none; }
.sb-under b { flex: none; min-width: 3rem; }
.sb-under small { opacity: .7; font-weight: 400; }
.sb-under span { overflow-wrap: anywhere; }

.sb-weak { margin: 1.2rem 0 .2rem; padding-top: .9rem; border-top: 1px solid rgba(128,128,128,.25);
  font-size: .95rem; opacity: .75; }

/* the buttons of a hit: the one that opens it lies over its whole card, the others above it */
.sb-open { position: absolute; inset: 0; z-index: 1; padding: 0; border: 0; background: none; cursor: pointer;
  border-radius: .6rem; }
.sb-open:focus-visible { outline: 3px solid var(--sb-accent); outline-offset: 4px; }
.sb-acts { display: flex; align-items: center; }
.sb-acts, .sb-hit > .sb-act { margin-left: -.35rem; } /* their letters begin where the card does */
.sb-act { position: relative; z-index: 2; display: inline-flex; align-items: center; gap: .3rem; padding: .1rem .35rem;
  min-height: 1.9rem; border: 0; border-radius: .5rem; background: none; color: inherit; font: inherit; font-size: .82rem;
  white-space: nowrap; cursor: pointer; }
.sb-act:hover { color: var(--sb-accent); }
.sb-act:focus-visible { outline: 3px solid var(--sb-accent); }
.sb-icon { font: 400 1.15rem/1 "Material Symbols Rounded"; font-feature-settings: "liga"; user-select: none; }
.sb-acts .sb-act + .sb-act .sb-icon { font-size: 1.25rem; }
.st-key-chips [class*="st-key-remove-"] button p, .st-key-chips .st-key-no-picture button p,
.st-key-chips .st-key-no-like button p {
  position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

/* the question as chips */
[class*="st-key-chip-"] { border-radius: 999px !important; padding: .05rem .7rem !important; gap: .45rem !important;
  font-size: .9rem; }
[class*="st-key-chip-wanted"] { background: rgba(31, 148, 136, .12); border-color: rgba(31, 148, 136, .45) !important; }
[class*="st-key-chip-unwanted"] { background: rgba(208, 96, 94, .12); border-color: rgba(208, 96, 94, .5) !important; }
[class*="st-key-chip-"] button { padding: 0 .1rem; min-height: 1.8rem; font-size: .85rem; }
[class*="st-key-chip-"] img { border-radius: .35rem; max-height: 30px; object-fit: cover; }
[class*="st-key-drop-"] button { border-radius: 999px; min-height: 2rem; padding: .05rem .8rem; font-size: .88rem; }
.sb-dragging .st-key-search_line { outline: 2px dashed var(--sb-accent); outline-offset: 6px; border-radius: .6rem; }

/* facets */
.sb-facets h3 { margin: 1rem 0 .2rem; padding: 0; font-size: .78rem; font-weight: 400; letter-spacing: .02em; opacity: .7; }
.sb-facets section:first-child h3 { margin-top: .2rem; }
.sb-value, .sb-facets summary { display: block; max-width: 100%; padding: .12rem 0; min-height: 1.65rem; border: 0;
  background: none; color: inherit; font: inherit; font-size: .88rem; text-align: left; overflow-wrap: anywhere;
  cursor: pointer; }
.sb-value small { font-size: inherit; opacity: .6; font-variant-numeric: tabular-nums; }
.sb-value:hover, .sb-facets summary:hover { color: var(--sb-accent); }
.sb-value:focus-visible, .sb-facets summary:focus-visible { outline: 3px solid var(--sb-accent); border-radius: .3rem; }
.sb-facets summary { display: list-item; list-style-position: inside; opacity: .75; }
.st-key-facets_narrow { display: none; }

/* details */
.st-key-detail_picture img { max-height: 66vh; object-fit: contain; border-radius: .5rem; background: rgba(128,128,128,.1); }
.sb-facts { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.1rem;
  margin: 0 !important; padding: 0 !important; font-size: .92rem; }
.sb-facts dt, .sb-facts dd { margin: 0 !important; padding: 0; overflow-wrap: anywhere; }
.sb-facts dt { opacity: .65; }
.sb-passage { white-space: pre-wrap; overflow-wrap: anywhere; line-height: 1.55; max-height: 22rem; overflow: auto;
  padding: 1rem 1.1rem; border-radius: .6rem; background: rgba(128,128,128,.1); }
.sb-path { overflow-wrap: anywhere; font-size: .92rem; }

@media (max-width: 800px) {
  .st-key-facets_narrow { display: flex; }
  .st-key-facets_narrow .sb-facets section { display: flex; flex-wrap: wrap; gap: 0 1rem; }
  .st-key-facets_narrow .sb-facets :is(h3, details) { flex: 1 0 100%; }
  [data-testid="stColumn"]:has(.st-key-facets_side) { display: none; }
}
@media (max-width: 640px) {
  .block-container { padding: 4rem 1rem 4rem; }
  .sb-brand b { font-size: 1.6rem; }
  .sb-brand .sb-soft { font-size: .9rem; }
  .st-key-search_line > div:first-child { flex: 1 1 100%; }
  .st-key-search_line { gap: .5rem; }
  .st-key-search_line [data-testid="stPopoverButton"] { padding: .3rem .6rem; }
  .st-key-search_line [data-testid="stPopoverButton"] > div > div:last-child:not(:first-child) { display: none; }
  .st-key-search_line [data-testid="stPopoverButton"] > div { margin-right: 0; } /* it makes room for the arrow above */
  .sb-doc { padding: .6rem .7rem; }
  .sb-act { padding: .1rem .2rem; font-size: .76rem; }
  .sb-doc p { font-size: .76rem; }
}
@media (prefers-reduced-motion: reduce) { .sb-pic img { transition: none; } }
</style>
"""


def dress() -> None:
    """Put the style into the page."""
    st.html(_STYLE)


@st.cache_resource(show_spinner=False)
def icon() -> "Image.Image":
    """The sign in the browser's tab: two towers and the bridge between them. Named icons would come from the network."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (256, 256))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle((0, 0, 255, 255), radius=56, fill="#0b6e69")
    for left in (56, 160):
        pen.rounded_rectangle((left, 56, left + 40, 212), radius=8, fill="white")
    pen.rectangle((80, 84, 176, 104), fill="white")
    pen.arc((96, 60, 160, 148), 0, 180, fill="white", width=8)
    return image.resize((64, 64), Image.Resampling.LANCZOS)
