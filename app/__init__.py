"""The room for people: a Streamlit app over search/ and indexer/."""

__all__: list[str] = []
