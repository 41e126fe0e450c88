"""`streamlit run app` begins here."""

import streamlit as st

from app.look import dress, icon
from app.plain import as_label
from app.views import library, search
from encoders.errors import SkybridgeError


def main() -> None:
    """Set the page up and show the view that the address names."""
    st.set_page_config(page_title="Skybridge", page_icon=icon(), layout="wide")
    dress()
    pages = [
        st.Page(search.show, title="Search", icon=":material/search:", url_path="search", default=True),
        st.Page(library.show, title="Library", icon=":material/photo_library:", url_path="library"),
    ]
    page = st.navigation(pages, position="top")
    try:
        page.run()
    except SkybridgeError as error:
        st.error(as_label(str(error)), icon=":material/error:")


main()
